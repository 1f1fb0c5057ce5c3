package dev.jubilee.server.bus.topics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.http.Problem.FieldError;
import org.junit.jupiter.api.Test;

class SchemaCompatibilityTest {
    @Test
    void aPropertyThatGoesIsABreakWhereWhatIsNotEvaluatedIsRefused() {
        assertBreak(
                "{'properties': {'a': {}, 'b': {}}, 'unevaluatedProperties': false}",
                "{'properties': {'a': {}}, 'unevaluatedProperties': false}",
                "schema.properties");
        assertBreak(
                "{'allOf': [{'properties': {'a': {}}}], 'unevaluatedProperties': false}",
                "{'unevaluatedProperties': false}",
                "schema.allOf");
        assertBreak(
                "{'$ref': '#/$defs/x', '$defs': {'x': {'properties': {'a': {}}}}, 'unevaluatedProperties': {'type': 'null'}}",
                "{'$ref': '#/$defs/x', '$defs': {'x': {}}, 'unevaluatedProperties': {'type': 'null'}}",
                "schema.$defs.x.properties");
        assertBreak(
                "{'prefixItems': [{}], 'unevaluatedItems': false}",
                "{'unevaluatedItems': false}",
                "schema.prefixItems");
    }

    @Test
    void aPropertyThatGoesIsNoneWhereOthersAreTaken() {
        assertFine("{'properties': {'a': {}}}", "{'properties': {}}");
        assertFine(
                "{'properties': {'a': {}}, 'unevaluatedProperties': true}",
                "{'unevaluatedProperties': true}");
        assertFine(
                "{'properties': {'a': {}}, 'unevaluatedProperties': false}",
                "{'properties': {'a': {}}}");
    }

    @Test
    void aKeywordThatShieldedFromAStricterOneDoesNotGoUnnoticed() {
        assertBreak(
                "{'patternProperties': {'^x': {}}, 'additionalProperties': false}",
                "{'additionalProperties': false}",
                "schema.patternProperties");
        assertBreak(
                "{'patternProperties': {'^x': {}}, 'additionalProperties': {'type': 'null'}}",
                "{'additionalProperties': {'type': 'null'}}",
                "schema.patternProperties");
        assertBreak(
                "{'prefixItems': [{}], 'items': {'type': 'string'}}",
                "{'items': {'type': 'string'}}",
                "schema.prefixItems");
        assertBreak(
                "{'contains': {'type': 'null'}, 'minContains': 0}",
                "{'contains': {'type': 'null'}}",
                "schema.minContains");
        assertFine("{'patternProperties': {'^x': {'type': 'null'}}}", "{}");
        assertFine("{'prefixItems': [{'type': 'null'}], 'items': true}", "{'items': true}");
        assertFine(
                "{'contains': {'type': 'null'}, 'minContains': 2}",
                "{'contains': {'type': 'null'}}");
    }

    @Test
    void aDefinitionThatWidensIsABreakWhereItIsWhatIsRefused() {
        String definition = ", '$defs': {'x': {'$ref': '#/$defs/y'}, 'y': {'enum': ['a'%s]}}}";
        for (String excluding :
                new String[] {
                    "{'not': {'$ref': '#/$defs/x'}",
                    "{'oneOf': [{'$ref': '#/$defs/x'}, {'type': 'null'}]",
                    "{'if': {'$ref': '#/$defs/x'}, 'then': false",
                    "{'contains': {'$ref': '#/$defs/x'}, 'maxContains': 1"
                }) {
            assertBreak(
                    excluding + definition.formatted(""),
                    excluding + definition.formatted(", 'b'"),
                    "schema.$defs.y.enum");
        }
        String plain = "{'anyOf': [{'$ref': '#/$defs/x'}]";
        assertFine(plain + definition.formatted(""), plain + definition.formatted(", 'b'"));
    }

    @Test
    void anOptionalPropertyIsAddedToOneOfSeveralAlternatives() {
        String schema =
                "{'oneOf': [{'$ref': '#/$defs/x'}], '$defs': {'x': {'properties': {'a': {}%s}}}}";
        assertFine(schema.formatted(""), schema.formatted(", 'b': {}"));
    }

    private static void assertBreak(String before, String after, String place) {
        assertThat(SchemaCompatibility.breaks(json(before), json(after)))
                .as("%s -> %s", before, after)
                .extracting(FieldError::field)
                .contains(place);
    }

    private static void assertFine(String before, String after) {
        assertThat(SchemaCompatibility.breaks(json(before), json(after)))
                .as("%s -> %s", before, after)
                .isEmpty();
    }

    private static String json(String text) {
        return text.replace('\'', '"');
    }
}

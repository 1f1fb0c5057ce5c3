package dev.jubilee.server.bus.topics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PayloadSchemaFaultsTest {
    @Test
    void aSchemaThatLeadsToItselfWithoutEndIsRefused() {
        for (String schema :
                new String[] {
                    "{'$ref': '#'}",
                    "{'properties': {'a': {'$ref': '#/$defs/x'}}, '$defs': {'x': {'$ref': '#/$defs/x'}}}",
                    "{'properties': {'a': {'$ref': '#x'}}, '$defs': {'x': {'$anchor': 'x', 'anyOf': [{'not': {'$ref': '#x'}}]}}}",
                    "{'dependentSchemas': {'a': {'$ref': '#'}}}"
                }) {
            assertThat(PayloadSchema.faultsOf(json(schema)))
                    .as(schema)
                    .containsExactly("refers to itself without end");
        }
    }

    @Test
    void aSchemaThatDoublesWithEachOfItsDefinitionsIsRefused() {
        String definitions =
                IntStream.range(0, 30)
                        .mapToObj(i ->
                                "'d%d': {'allOf': [{'$ref': '#/$defs/d%d'}, {'$ref': '#/$defs/d%d'}]}"
                                        .formatted(i, i + 1, i + 1))
                        .collect(Collectors.joining(", "));
        String schema =
                "{'properties': {'a': {'$ref': '#/$defs/d0'}}, '$defs': {%s, 'd30': {}}}"
                        .formatted(definitions);

        assertThat(PayloadSchema.faultsOf(json(schema)))
                .containsExactly("holds one value against more than 10000 schemas");
    }

    @Test
    void aTreeMayHoldItself() {
        String tree =
                "{'type': 'object', 'properties': {'left': {'$ref': '#'}, 'right': {'$ref': '#'}}}";
        assertThat(PayloadSchema.faultsOf(json(tree))).isEmpty();
        PayloadSchema schema = PayloadSchema.compile(json(tree));

        assertThat(schema.faults(json("{'left': {'right': {}}}").getBytes(UTF_8))).isEmpty();
        assertThat(schema.faults(json("{'left': {'right': 1}}").getBytes(UTF_8))).hasSize(1);
    }

    private static String json(String text) {
        return text.replace('\'', '"');
    }
}

package dev.jubilee.server.bus.filters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.json.Json;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import software.amazon.event.ruler.Ruler;
import tools.jackson.databind.JsonNode;

/** Our filters select what Amazon's own library selects, and their index what they select. */
class EventFilterProperties {
    @Property(tries = 2_000)
    void aFilterSelectsWhatEventRulerSelects(
            @ForAll("filters") String filter, @ForAll("events") String event) throws Exception {
        assertThat(EventFilter.of(Json.tree(filter)).matches(Json.tree(event)))
                .as(filter + " on " + event)
                .isEqualTo(Ruler.matchesRule(event, filter));
    }

    @Property(tries = 1_000)
    void anExplanationIsEmptyExactlyWhenTheFilterMatches(
            @ForAll("filters") String filter, @ForAll("events") String event) {
        EventFilter compiled = EventFilter.of(Json.tree(filter));
        assertThat(compiled.explain(Json.tree(event)).isEmpty())
                .isEqualTo(compiled.matches(Json.tree(event)));
    }

    @Property(tries = 500)
    void theIndexFindsEachMatchingFilterOnce(
            @ForAll("manyFilters") List<String> filters, @ForAll("events") String text) {
        JsonNode event = Json.tree(text);
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < filters.size(); i++) {
            numbers.add(i);
        }
        List<EventFilter> compiled =
                filters.stream().map(filter -> EventFilter.of(Json.tree(filter))).toList();
        FilterIndex<Integer> index = new FilterIndex<>(numbers, compiled::get);
        List<Integer> found = new ArrayList<>();
        index.match(event, found::add);

        List<Integer> expected =
                numbers.stream().filter(i -> compiled.get(i).matches(event)).toList();
        assertThat(found).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Provide
    Arbitrary<List<String>> manyFilters() {
        return filters().list().ofMinSize(1).ofMaxSize(20);
    }

    @Provide
    Arbitrary<String> events() {
        Arbitrary<String> value =
                Arbitraries.oneOf(
                        Arbitraries.of("\"bow\"", "\"sword\"", "\"Bow\"", "\"b\"", "true", "null"),
                        Arbitraries.integers().between(-3, 12).map(String::valueOf),
                        Arbitraries.of("[\"bow\",\"axe\"]", "[1,5]", "2.5"));
        Arbitrary<String> object =
                Combinators.combine(value, Arbitraries.of("x", "y"), value)
                        .as((c, d, e) -> "{\"c\":" + c + ",\"d\":\"" + d + "\",\"e\":" + e + "}");
        Arbitrary<String> objects =
                object.list()
                        .ofMinSize(1)
                        .ofMaxSize(3)
                        .map(list -> "[" + String.join(",", list) + "]");
        Arbitrary<String> nested = Arbitraries.oneOf(object, objects);
        return Combinators.combine(value, value, nested, Arbitraries.integers().between(0, 7))
                .as((a, b, n, which) -> {
                    List<String> fields = new ArrayList<>();
                    fields.add("\"always\":1");
                    if ((which & 1) == 0) {
                        fields.add("\"a\":" + a);
                    }
                    if ((which & 2) == 0) {
                        fields.add("\"b\":" + b);
                    }
                    if ((which & 4) == 0) {
                        fields.add("\"n\":" + n);
                    }
                    return "{" + String.join(",", fields) + "}";
                });
    }

    @Provide
    Arbitrary<String> filters() {
        Arbitrary<String> test =
                Arbitraries.of(
                        "\"bow\"",
                        "\"axe\"",
                        "5",
                        "true",
                        "null",
                        "{\"prefix\":\"b\"}",
                        "{\"suffix\":\"w\"}",
                        "{\"equals-ignore-case\":\"BOW\"}",
                        "{\"wildcard\":\"*o*\"}",
                        "{\"wildcard\":\"b*\"}",
                        "{\"wildcard\":\"*w\"}",
                        "{\"cidr\":\"10.0.0.0/8\"}",
                        "{\"anything-but\":{\"wildcard\":\"b*w\"}}",
                        "{\"numeric\":[\">\",0]}",
                        "{\"numeric\":[\">=\",1,\"<\",6]}",
                        "{\"numeric\":[\"=\",5]}",
                        "{\"numeric\":[\"<\",3]}",
                        "{\"numeric\":[\"<=\",-1]}",
                        "{\"numeric\":[\">\",2,\"<=\",2.5]}",
                        "{\"anything-but\":[\"bow\",\"sword\"]}",
                        "{\"anything-but\":5}",
                        "{\"anything-but\":{\"prefix\":\"b\"}}",
                        "{\"exists\":true}",
                        "{\"exists\":false}");
        Arbitrary<String> tests =
                test.list()
                        .ofMinSize(1)
                        .ofMaxSize(2)
                        .map(list -> "[" + String.join(",", list) + "]");
        return Combinators.combine(tests, tests, Arbitraries.integers().between(0, 5))
                .as((one, two, shape) ->
                        switch (shape) {
                            case 0 -> "{\"a\":" + one + "}";
                            case 1 -> "{\"a\":" + one + ",\"b\":" + two + "}";
                            case 2 -> "{\"n\":{\"c\":" + one + "}}";
                            case 3 -> "{\"a\":" + one + ",\"n\":{\"c\":" + two + "}}";
                            case 4 ->
                                    "{\"n\":{\"d\":[\"y\"],\"$or\":[{\"c\":"
                                            + one
                                            + "},{\"e\":"
                                            + two
                                            + "}]}}";
                            default -> "{\"$or\":[{\"a\":" + one + "},{\"b\":" + two + "}]}";
                        });
    }
}

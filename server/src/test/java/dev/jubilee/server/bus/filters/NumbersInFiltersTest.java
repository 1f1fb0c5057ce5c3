package dev.jubilee.server.bus.filters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.jubilee.server.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NumbersInFiltersTest {
    /** They would be equal to nothing, and be kept as the text "Infinity". */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"n\": 1e400}",
                "{\"n\": -1e400}",
                "{\"n\": [1, 1e400]}",
                "{\"n\": [{\"anything-but\": 1e400}]}",
                "{\"n\": [{\"anything-but\": [1, 1e400]}]}",
                "{\"n\": [{\"numeric\": [\">\", 1e400]}]}",
                "{\"n\": [{\"numeric\": [\">\", 1, \"<\", 1e400]}]}",
                "{\"$or\": [{\"m\": 1}, {\"n\": 1e400}]}",
            })
    void aNumberThatCannotBeComparedIsRefusedWhereItStands(String filter) {
        InvalidFilterException refused =
                catchThrowableOfType(
                        InvalidFilterException.class, () -> EventFilter.of(Json.tree(filter)));

        assertThat(refused.faults())
                .singleElement()
                .satisfies(fault -> {
                    assertThat(fault.path()).contains("n");
                    assertThat(fault.message()).contains("must be a number within");
                });
    }

    @Test
    void theLargestNumberThatCanBeComparedIsItself() {
        EventFilter filter = EventFilter.of(Json.tree("{\"n\": [1.7e308]}"));
        assertThat(filter.matches(Json.tree("{\"n\": 17e307}"))).isTrue();
        assertThat(filter.matches(Json.tree("{\"n\": 1e400}"))).isFalse();
    }
}

package dev.jubilee.server.bus.filters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.json.Json;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ListsOfObjectsTest {
    private final EventFilter filter =
            EventFilter.of(
                    Json.tree(
                            """
                            {"items": {"type": ["weapon"], "$or": [{"rarity": ["epic"]}, {"level": [{"numeric": [">", 50]}]}]}}
                            """));

    @Test
    void oneObjectMustMeetFieldsAndAlternativesAlone() {
        JsonNode apart =
                Json.tree(
                        """
                        {"items": [{"type": "weapon", "rarity": "common"}, {"type": "armor", "rarity": "epic"}]}
                        """);
        assertThat(filter.matches(apart)).isFalse();
        assertThat(filter.explain(apart))
                .singleElement()
                .satisfies(found -> {
                    assertThat(found.field()).isEqualTo("items");
                    assertThat(found.expected()).contains("one object");
                });

        JsonNode together =
                Json.tree(
                        """
                        {"items": [{"type": "armor"}, {"type": "weapon", "level": 51}]}
                        """);
        assertThat(filter.matches(together)).isTrue();
        assertThat(filter.explain(together)).isEmpty();
    }
}

package dev.jubilee.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class EventRegistryTest {
    private record Kill() {}

    private record Death() {}

    @Test
    void complainsOfEverythingAtOnce() {
        assertThatThrownBy(() ->
                        EventRegistry.builder()
                                .type("game.kill", 3, Kill.class)
                                .type("game.kill", 3, Death.class)
                                .type("game.slaughter", Kill.class)
                                .upcaster("game.kill", 1, payload -> {})
                                .upcaster("game.kill", 3, payload -> {})
                                .upcaster("game.birth", 1, payload -> {})
                                .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("game.kill is there twice")
                .hasMessageContaining("both game.kill and game.slaughter")
                .hasMessageContaining("no upcaster takes game.kill from version 2")
                .hasMessageContaining("from version 3 leads beyond")
                .hasMessageContaining("upcaster of game.birth, but no such type");
    }

    @Test
    void versionsThatNobodyHasAnyMoreNeedNoUpcaster() {
        EventRegistry registry =
                EventRegistry.builder()
                        .type("game.kill", 3, Kill.class)
                        .upcaster("game.kill", 2, payload -> payload.rename("gun", "weapon"))
                        .build();

        assertThat(registry.typeOf(Kill.class).schemaVersion()).isEqualTo(3);
        assertThatThrownBy(() -> registry.typeOf(Death.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Death");
    }
}

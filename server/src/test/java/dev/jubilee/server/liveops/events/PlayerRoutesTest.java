package dev.jubilee.server.liveops.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.testing.Platform;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class PlayerRoutesTest {
    @RegisterExtension static final Platform platform = new Platform();

    @Test
    void whatIsSaidOfAPlayerIsReadByItAloneAndChangedByServices() {
        try (EventsInstance here = new EventsInstance(platform)) {
            assertThat(here.send("service", "GET", "/users/anna", "").status()).isEqualTo(404);
            assertThat(here.players.get("anna").level()).isZero();
            here.send(
                    "service",
                    "PUT",
                    "/users/anna",
                    "{\"level\": 12, \"segment\": \"vip\", \"attributes\": {\"clan\": \"red\"}}");
            assertThat(here.players.get("anna").level()).isEqualTo(12);
            here.send("service", "PUT", "/users/anna", "{\"level\": 13}");
            var seen = here.send("player:anna", "GET", "/users/anna", "");
            assertThat(seen.text("/user_id")).isEqualTo("anna");
            assertThat(seen.number("/level")).isEqualTo(13);
            assertThat(seen.text("/segment")).isEqualTo("vip");
            assertThat(seen.text("/attributes/clan")).isEqualTo("red");
            assertThat(here.send("player:bob", "GET", "/users/anna", "").status()).isEqualTo(403);
            assertThat(here.send("player:anna", "PUT", "/users/anna", "{\"level\": 99}").status())
                    .isEqualTo(403);
            assertThat(here.send("service", "PUT", "/users/anna", "{\"level\": -1}").status())
                    .isEqualTo(422);
        }
    }

    @Test
    void aLateRepetitionUnderTheSameKeyOverwritesNothing() {
        try (EventsInstance here = new EventsInstance(platform)) {
            String[] key = {"Idempotency-Key", "level-up"};
            var first = here.send("service", "PUT", "/users/carl", "{\"level\": 5}", key);
            here.send("service", "PUT", "/users/carl", "{\"level\": 6}");
            var again = here.send("service", "PUT", "/users/carl", "{\"level\": 5}", key);
            assertThat(again).isEqualTo(first);
            assertThat(here.send("service", "GET", "/users/carl", "").number("/level"))
                    .isEqualTo(6);
        }
    }

    @Test
    void attributesThatNobodyCanCountWithAreRefused() {
        try (EventsInstance here = new EventsInstance(platform)) {
            for (String number : new String[] {"1e400", "9".repeat(400)}) {
                var answer =
                        here.send(
                                "service",
                                "PUT",
                                "/users/dora",
                                "{\"attributes\": {\"power\": {\"of\": [%s]}}}".formatted(number));
                assertThat(answer.status()).isEqualTo(422);
                assertThat(answer.text("/errors/0/field")).isEqualTo("attributes");
            }
        }
    }

    @Test
    void manyPlayersAreReadTogether() {
        try (EventsInstance here = new EventsInstance(platform)) {
            here.send("service", "PUT", "/users/p1", "{\"level\": 1}");
            here.send("service", "PUT", "/users/p2", "{\"level\": 2}");
            var all = here.players.getAll(java.util.List.of("p1", "p2", "p3"));
            assertThat(all.values().stream().map(player -> player.userId() + player.level()))
                    .containsExactlyInAnyOrder("p11", "p22", "p30");
        }
    }
}

package dev.jubilee.server.bus.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import org.junit.jupiter.api.Test;

class IdMakerTest {
    @Test
    void aPlayerWithTheIdOfAKeyDoesNotTakeTheIdsOfItsRequests() {
        IdMaker server = new IdMaker(new Principal("same", Role.SERVICE), "retry-1");
        IdMaker player = new IdMaker(new Principal("same", Role.PLAYER), "retry-1");

        assertThat(player.of(null, 0)).isNotEqualTo(server.of(null, 0));
        assertThat(server.of(null, 0)).isEqualTo(server.of(null, 0));
    }
}

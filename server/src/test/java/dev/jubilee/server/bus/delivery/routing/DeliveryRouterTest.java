package dev.jubilee.server.bus.delivery.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class DeliveryRouterTest {
    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

    private final UUID one = UUID.randomUUID();
    private final UUID other = UUID.randomUUID();

    @Test
    void nothingGoesPastWhatWaitsThoughThereIsRoomByNow() {
        DeliveryWindow window = new DeliveryWindow();
        // Somebody catches up between the first and the second.
        List<Placement> rows =
                DeliveryRouter.inOrder(
                        List.of(delivery(one, 1), delivery(one, 2), delivery(other, 3)),
                        it -> it.id() == 1 ? Placement.waiting(it) : Placement.pushed(it, window));

        assertThat(rows).extracting(Placement::taken).containsExactly(false, false, true);
        assertThat(rows).extracting(row -> row.delivery().id()).containsExactly(1L, 2L, 3L);
    }

    @Test
    void aKeyThatIsParkedKeepsNoOtherWaitingButAllThatFollowsOfItsOwn() {
        DeliveryWindow window = new DeliveryWindow();
        // It is let go between the first and the third.
        List<Placement> rows =
                DeliveryRouter.inOrder(
                        List.of(
                                delivery(one, 1, "parked"),
                                delivery(one, 2, "k"),
                                delivery(one, 3, "parked"),
                                delivery(other, 4, "parked")),
                        it -> it.id() == 1 ? Placement.parked(it) : Placement.pushed(it, window));

        assertThat(rows).extracting(Placement::taken).containsExactly(false, true, false, true);
    }

    private static Delivery delivery(UUID subscription, long id) {
        return delivery(subscription, id, "k");
    }

    private static Delivery delivery(UUID subscription, long id, String key) {
        return new Delivery(
                subscription, id, "e" + id, "game.kill", "t", key, 1, new byte[0], 0, NOW, NOW);
    }
}

package dev.jubilee.server.bus.publish;

import dev.jubilee.events.EventId;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import org.jspecify.annotations.Nullable;

/**
 * The ids of the events of one request. Where they bring none, with an {@code Idempotency-Key} they
 * follow from the caller, its role, key and place in the request, so that a retry finds the same
 * ones without anything being stored.
 */
record IdMaker(Principal principal, @Nullable String idempotencyKey) {
    /**
     * @throws dev.jubilee.server.http.ProblemException 400 when the key is empty, too long, or not
     *     printable ASCII
     */
    static IdMaker of(Call call) {
        return new IdMaker(call.principal(), Idempotency.keyOf(call));
    }

    /**
     * The id by which a retry is recognised; null when the bus is to make a new one. That of a
     * player's event is made of the player's own id as well: nobody takes an id that a server will
     * use, or another player.
     *
     * @param given by the event itself
     */
    @Nullable String of(@Nullable String given, int index) {
        if (given == null) {
            return derived(index);
        }
        return principal.role() == Role.PLAYER
                ? EventId.derived("player", principal.id(), given).toString()
                : given;
    }

    private @Nullable String derived(int index) {
        return idempotencyKey == null
                ? null
                : EventId.derived(
                                "publish",
                                principal.role().name(),
                                principal.id(),
                                idempotencyKey,
                                Integer.toString(index))
                        .toString();
    }
}

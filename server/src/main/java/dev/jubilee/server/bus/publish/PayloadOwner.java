package dev.jubilee.server.bus.publish;

import org.jspecify.annotations.Nullable;

/**
 * The player and session that a payload names at its top level.
 *
 * @param player the {@code player_id}: the subject of an event that names none
 * @param session the {@code session_id}
 */
record PayloadOwner(@Nullable String player, @Nullable String session) {
    static final PayloadOwner NOBODY = new PayloadOwner(null, null);

    /**
     * The key of an event that has none: a player's events keep their order, and so do those of a
     * session without one.
     */
    @Nullable String key() {
        return player == null ? session : player;
    }
}

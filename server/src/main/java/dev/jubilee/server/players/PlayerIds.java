package dev.jubilee.server.players;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import org.jspecify.annotations.Nullable;

/** Reads who is meant: {@code user_id} in one dialect, {@code player_id} in the other. */
public final class PlayerIds {
    private static final int MAX_EVENT_ID = 64;

    private PlayerIds() {}

    /** The player that a body names; null when it names none. */
    public static @Nullable String inBody(Input input) {
        String user = input.optionalPlayer("user_id");
        String player = input.optionalPlayer("player_id");
        if (user != null && player != null && !user.equals(player)) {
            input.reject("player_id", "must be the same as user_id where both are given");
        }
        return user == null ? player : user;
    }

    /** The event of the path; a body may repeat it. */
    public static String event(Call call, Input input) {
        String eventId = call.path("event_id");
        String repeated = input.optionalText("event_id", MAX_EVENT_ID);
        if (repeated != null && !repeated.equals(eventId)) {
            input.reject("event_id", "must be that of the path, \"" + eventId + "\"");
        }
        return eventId;
    }
}

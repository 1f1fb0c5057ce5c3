package dev.jubilee.server.liveops.participation;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Problem;
import org.jspecify.annotations.Nullable;

/** Reads who is meant: {@code user_id} in one document, {@code player_id} in the other. */
final class PlayerIds {
    private static final int MAX_ID = 64;

    private PlayerIds() {}

    /** The player of a path. */
    static String inPath(Call call, String name) {
        String id = call.path(name);
        if (id.length() > MAX_ID || id.chars().anyMatch(Character::isISOControl)) {
            throw Problem.invalid(name, "must have 1 to " + MAX_ID + " characters, none of control")
                    .asException();
        }
        return id;
    }

    /** The player that a body names; null when it names none. */
    static @Nullable String inBody(Input input) {
        String user = input.optionalText("user_id", MAX_ID);
        String player = input.optionalText("player_id", MAX_ID);
        if (user != null && player != null && !user.equals(player)) {
            input.reject("player_id", "must be the same as user_id where both are given");
        }
        String id = user == null ? player : user;
        if (id != null && id.chars().anyMatch(Character::isISOControl)) {
            input.reject(user == null ? "player_id" : "user_id", "must have no control characters");
        }
        return id;
    }

    /** The event of the path; a body may repeat it. */
    static String event(Call call, Input input) {
        String eventId = call.path("event_id");
        String repeated = input.optionalText("event_id", MAX_ID);
        if (repeated != null && !repeated.equals(eventId)) {
            input.reject("event_id", "must be that of the path, \"" + eventId + "\"");
        }
        return eventId;
    }
}

package dev.jubilee.server.liveops.events;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Reply;

/** Completes one player's participation by hand. */
@FunctionalInterface
public interface PlayerCompletion {
    /** The answer to {@code POST /events/{event_id}/complete} with a {@code user_id}. Blocks. */
    Reply complete(Call call, String eventId, String userId);
}

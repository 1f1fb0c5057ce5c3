package dev.jubilee.server.liveops.leaderboards;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.liveops.leaderboards.Leaderboards.Board;
import dev.jubilee.server.liveops.leaderboards.Leaderboards.Entry;
import dev.jubilee.server.liveops.leaderboards.Leaderboards.Surroundings;
import dev.jubilee.server.security.Access;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The HTTP face of leaderboards. */
public final class LeaderboardRoutes implements Routes {
    private static final int DEFAULT_AROUND = 11;

    private final Leaderboards leaderboards;
    private final Access reads;

    private record BoardView(
            String eventId,
            UUID occurrenceId,
            boolean frozen,
            List<Entry> entries,
            long total,
            int page,
            int limit) {}

    private record AroundView(
            String eventId,
            UUID occurrenceId,
            boolean frozen,
            String userId,
            int rank,
            double score,
            List<Entry> entries) {}

    /**
     * @param reads who may look
     */
    public LeaderboardRoutes(Leaderboards leaderboards, Access reads) {
        this.leaderboards = leaderboards;
        this.reads = reads;
    }

    @Override
    public void on(Router router) {
        router.get("/events/{event_id}/leaderboard", reads, this::page)
                .query("page", "limit", "occurrence_id")
                .get("/events/{event_id}/leaderboard/around/{user_id}", reads, this::around)
                .query("limit", "occurrence_id");
    }

    private Reply page(Call call) {
        String eventId = call.path("event_id");
        Page page = Page.of(call);
        Board board =
                leaderboards
                        .page(eventId, occurrence(call), page.offset(), page.limit())
                        .orElseThrow(() -> Problem.notFound("event", eventId).asException());
        return Reply.ok(
                new BoardView(
                        eventId,
                        board.occurrenceId(),
                        board.frozen(),
                        board.entries(),
                        board.total(),
                        page.number(),
                        page.limit()));
    }

    private Reply around(Call call) {
        String eventId = call.path("event_id");
        String userId = call.path("user_id");
        int limit = call.query("limit") == null ? DEFAULT_AROUND : Page.of(call).limit();
        Surroundings place =
                leaderboards
                        .around(eventId, occurrence(call), userId, limit)
                        .orElseThrow(() -> Problem.notFound("event", eventId).asException());
        Entry me =
                place.me()
                        .orElseThrow(() -> Problem.notFound("ranked_player", userId).asException());
        return Reply.ok(
                new AroundView(
                        eventId,
                        place.occurrenceId(),
                        place.frozen(),
                        userId,
                        me.rank(),
                        me.score(),
                        place.entries()));
    }

    private static @Nullable UUID occurrence(Call call) {
        String text = call.query("occurrence_id");
        if (text == null) {
            return null;
        }
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw Problem.invalid("occurrence_id", "must be a UUID, was \"" + text + "\"")
                    .asException();
        }
    }
}

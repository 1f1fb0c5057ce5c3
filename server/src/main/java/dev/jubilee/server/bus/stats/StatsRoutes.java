package dev.jubilee.server.bus.stats;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.security.Access;

/** The HTTP face of the figures. */
final class StatsRoutes implements Routes {
    private final Statistics statistics;

    StatsRoutes(Statistics statistics) {
        this.statistics = statistics;
    }

    @Override
    public void on(Router router) {
        router.get("/stats", Access.STAFF, this::stats);
    }

    private Reply stats(Call call) {
        return Reply.ok(statistics.figures());
    }
}

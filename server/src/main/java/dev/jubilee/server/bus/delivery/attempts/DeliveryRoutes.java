package dev.jubilee.server.bus.delivery.attempts;

import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.security.Access;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The HTTP face of a subscription's attempts. */
public final class DeliveryRoutes implements Routes {
    private final Database database;
    private final Subscriptions subscriptions;

    public DeliveryRoutes(Database database, Subscriptions subscriptions) {
        this.database = database;
        this.subscriptions = subscriptions;
    }

    @Override
    public void on(Router router) {
        router.get("/subscriptions/{subscription_id}/deliveries", Access.STAFF, this::list)
                .query("limit", "cursor");
    }

    private Reply list(Call call) {
        UUID subscription =
                subscriptions.getOwned(call.principal(), call.path("subscription_id")).id();
        int limit = Page.of(call).limit();
        UUID before = Page.cursor(call);
        return database.read(connection -> {
            List<AttemptReads.View> found =
                    AttemptReads.ofSubscription(connection, subscription, before, limit + 1);
            List<AttemptReads.View> shown = found.subList(0, Math.min(limit, found.size()));
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("deliveries", shown);
            if (found.size() > limit) {
                answer.put("next_cursor", shown.getLast().id());
            }
            return Reply.ok(answer);
        });
    }
}

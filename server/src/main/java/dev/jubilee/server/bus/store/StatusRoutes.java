package dev.jubilee.server.bus.store;

import dev.jubilee.server.bus.topics.TopicAction;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Method;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.security.Access;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP face of an event's status. A request for an id that is not known yet waits until the
 * store has passed what was in Kafka at the request, {@code EVENT_BUS_CATCH_UP_TIMEOUT} at most; so
 * an event is found right after its publish, by any instance. Only once the store has passed that
 * point is the answer 404; before it, 503.
 */
final class StatusRoutes implements Routes {
    private static final Logger log = LoggerFactory.getLogger(StatusRoutes.class);
    static final Problem UNAVAILABLE =
            Problem.unavailable(
                    "event_store_unavailable",
                    "The event store cannot be asked at the moment.",
                    Duration.ofSeconds(1));

    /**
     * @param sure whether it would have been found
     */
    private record Found(Optional<StatusReader.Known> event, boolean sure) {}

    private final StatusReader events;
    private final CatchUp store;
    private final TopicCatalogue topics;

    StatusRoutes(StatusReader events, CatchUp store, TopicCatalogue topics) {
        this.events = events;
        this.store = store;
        this.topics = topics;
    }

    @Override
    public void on(Router router) {
        router.hot(Method.GET, "/events/{event_id}/status", Access.STAFF, this::status);
    }

    private CompletionStage<Reply> status(Call call) {
        String id = call.path("event_id");
        if (id.length() > StoredText.MAX_EVENT_ID || id.indexOf('\u0000') >= 0) {
            throw Problem.notFound("event", id).asException();
        }
        return events.find(id)
                .thenCompose(found ->
                        found.isPresent()
                                ? CompletableFuture.completedFuture(new Found(found, true))
                                : findLater(id))
                .exceptionally(failure -> {
                    log.warn("the event store cannot be asked: {}", failure.getMessage());
                    throw UNAVAILABLE.asException();
                })
                .thenApply(found -> answer(call, id, found));
    }

    private Reply answer(Call call, String id, Found found) {
        StatusReader.Known known = found.event().orElse(null);
        if (known == null && !found.sure()) {
            throw EventStore.BEHIND.asException();
        }
        if (known == null || !topics.allows(call.principal(), known.topic(), TopicAction.READ)) {
            throw Problem.notFound("event", id).asException();
        }
        return Reply.ok(known.status());
    }

    private CompletionStage<Found> findLater(String id) {
        return store.await()
                .thenCompose(passed -> events.find(id).thenApply(late -> new Found(late, passed)));
    }
}

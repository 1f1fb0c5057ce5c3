package dev.jubilee.server.bus.publish;

import dev.jubilee.server.bus.publish.Publisher.Accepted;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Method;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.security.Access;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The HTTP face of publishing. Every route is hot. */
public final class PublishRoutes implements Routes {
    private static final Duration SOON = Duration.ofSeconds(1);

    private final Publisher publisher;
    private final TopicCatalogue topics;
    private final EventReader reader;
    private final CloudEventItems cloudEvents;
    private final PublishSettings settings;

    public PublishRoutes(Publisher publisher, TopicCatalogue topics, PublishSettings settings) {
        this.publisher = publisher;
        this.topics = topics;
        this.reader = new EventReader(publisher, settings);
        this.cloudEvents = new CloudEventItems(publisher, reader, settings);
        this.settings = settings;
    }

    @Override
    public void on(Router router) {
        router.hot(Method.POST, "/events/publish", Access.SERVICE, this::generic)
                .hot(Method.POST, "/events/game/publish", Access.SERVICE, this::game)
                .hot(Method.POST, "/events/publish/batch", Access.SERVICE, this::batch);
    }

    private CompletionStage<Reply> generic(Call call) {
        limit(call, settings.maxEventBytes());
        if (cloudEvents.isOne(call)) {
            return one(cloudEvents.one(call));
        }
        mustBeJson(call);
        return one(reader.one(call.body(), EventReader.Kind.GENERIC, IdMaker.of(call)));
    }

    private CompletionStage<Reply> game(Call call) {
        limit(call, settings.maxEventBytes());
        mustBeJson(call);
        return one(reader.one(call.body(), EventReader.Kind.GAME, IdMaker.of(call)));
    }

    private CompletionStage<Reply> batch(Call call) {
        limit(call, settings.maxBatchBytes());
        if (cloudEvents.isBatch(call)) {
            return many(cloudEvents.batch(call));
        }
        mustBeJson(call);
        return many(reader.batch(call.body(), IdMaker.of(call)));
    }

    private CompletionStage<Reply> one(ParsedItem item) {
        Accepted accepted =
                switch (item) {
                    case ParsedItem.Fit(Accepted fit) -> fit;
                    case ParsedItem.Refused refused -> throw refused.problem().asException();
                };
        if (topics.find(accepted.topic()) == null) {
            return topics.refreshSoon().thenCompose(fresh -> sendOne(accepted));
        }
        return sendOne(accepted);
    }

    private CompletableFuture<Reply> sendOne(Accepted accepted) {
        if (topics.find(accepted.topic()) == null) {
            throw Problem.notFound("topic", accepted.topic()).asException();
        }
        CompletableFuture<Shipment> shipment = publisher.ship(List.of(accepted));
        if (shipment == null) {
            throw overloaded().asException();
        }
        return shipment.thenApply(done -> {
            PublishException failure = done.failure(0);
            if (failure != null) {
                throw problem(failure).asException();
            }
            return Reply.json(200, PublishAnswers.one(accepted, done.partition(0), done.offset(0)));
        });
    }

    private CompletionStage<Reply> many(List<ParsedItem> items) {
        for (ParsedItem item : items) {
            if (item instanceof ParsedItem.Fit(Accepted fit) && topics.find(fit.topic()) == null) {
                return topics.refreshSoon().thenCompose(fresh -> sendMany(items));
            }
        }
        return sendMany(items);
    }

    private CompletableFuture<Reply> sendMany(List<ParsedItem> items) {
        List<ParsedItem> judged = new ArrayList<>(items.size());
        List<Accepted> accepted = new ArrayList<>(items.size());
        for (ParsedItem item : items) {
            ParsedItem verdict = judge(item);
            judged.add(verdict);
            if (verdict instanceof ParsedItem.Fit(Accepted fit)) {
                accepted.add(fit);
            }
        }
        CompletableFuture<Shipment> shipment = publisher.ship(accepted);
        if (shipment == null) {
            throw overloaded().asException();
        }
        return shipment.thenApply(done -> {
            Problem shared = sharedFailure(judged, done);
            if (shared != null) {
                throw shared.asException();
            }
            return Reply.json(200, PublishAnswers.batch(judged, done));
        });
    }

    private ParsedItem judge(ParsedItem item) {
        if (item instanceof ParsedItem.Fit(Accepted fit) && topics.find(fit.topic()) == null) {
            return new ParsedItem.Refused(
                    fit.event().id(), fit.topic(), Problem.notFound("topic", fit.topic()));
        }
        return item;
    }

    /** When Kafka took nothing of the batch, the request as a whole is to be repeated. */
    private static @Nullable Problem sharedFailure(List<ParsedItem> items, Shipment done) {
        PublishException last = null;
        for (int i = 0; i < done.records().size(); i++) {
            PublishException failure = done.failure(i);
            if (failure == null || failure.reason() == PublishException.Reason.TOO_LARGE) {
                return null;
            }
            if (last == null || failure.reason() == PublishException.Reason.OUTCOME_UNKNOWN) {
                last = failure;
            }
        }
        boolean all = done.records().size() == items.size();
        return last == null || !all ? null : problem(last);
    }

    /** How a failure to publish reads to a caller. */
    static Problem problem(PublishException failure) {
        return switch (failure.reason()) {
            case UNKNOWN_TOPIC -> Problem.notFound("topic", "of this event");
            case TOO_LARGE -> Problem.tooLarge("Kafka does not take an event of this size.");
            case NOT_SENT -> overloaded();
            case OUTCOME_UNKNOWN ->
                    Problem.unavailable(
                            "publish_outcome_unknown",
                            "Kafka did not acknowledge in time; the event may or may not be"
                                    + " published. Send it again with the same event_id or"
                                    + " Idempotency-Key: it counts once.",
                            SOON);
        };
    }

    private static Problem overloaded() {
        return Problem.unavailable(
                "publish_overloaded",
                "Kafka does not take events fast enough at the moment; nothing was published.",
                SOON);
    }

    private static void mustBeJson(Call call) {
        String type = call.mediaType();
        if (!type.isEmpty() && !type.equals("application/json")) {
            throw Problem.unsupportedMediaType(
                            "This route takes application/json or CloudEvents, not " + type + ".")
                    .asException();
        }
    }

    private static void limit(Call call, int max) {
        if (call.body().length > max) {
            throw Problem.tooLarge("The body may have " + max + " bytes at most.").asException();
        }
    }
}

package dev.jubilee.server.bus.publish;

import dev.jubilee.server.bus.publish.Publisher.Accepted;
import dev.jubilee.server.bus.topics.Topic;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Limit;
import dev.jubilee.server.http.Method;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The HTTP face of publishing. Every route is hot. */
public final class PublishRoutes implements Routes {
    private static final Duration SOON = Duration.ofSeconds(1);

    /** For a topic that is not in memory PostgreSQL is waited for no longer. */
    private static final Duration LOOK_UP = Duration.ofSeconds(2);

    private final Publisher publisher;
    private final TopicCatalogue topics;
    private final EventReader reader;
    private final CloudEventItems cloudEvents;
    private final PublishSettings settings;
    private final PublishGate gate;

    /** Where payloads are looked into: not on the event loop, however large they are. */
    private final Executor aside = work -> Thread.ofVirtual().name("payload-schema").start(work);

    public PublishRoutes(Publisher publisher, TopicCatalogue topics, PublishSettings settings) {
        this.publisher = publisher;
        this.topics = topics;
        this.reader = new EventReader(publisher, settings);
        this.cloudEvents = new CloudEventItems(publisher, reader, settings);
        this.settings = settings;
        this.gate = new PublishGate(topics);
    }

    @Override
    public void on(Router router) {
        router.hot(Method.POST, "/events/publish", Access.SERVICE, accepting(this::generic))
                .query("topic")
                .hot(Method.POST, "/events/game/publish", Access.PLAYER, accepting(this::game))
                .limit(Limit.PUBLISH)
                .hot(Method.POST, "/events/publish/batch", Access.SERVICE, accepting(this::batch))
                .query("topic");
    }

    private Router.Hot accepting(Router.Hot handler) {
        return call -> publisher.accepting(() -> handler.handle(call));
    }

    private CompletionStage<Reply> generic(Call call) {
        call.limitBody(settings.maxEventBytes());
        if (cloudEvents.isOne(call)) {
            return one(cloudEvents.one(call), call.principal());
        }
        if (cloudEvents.isBinary(call)) {
            return one(cloudEvents.binary(call), call.principal());
        }
        mustBeJson(call);
        ParsedItem item = reader.one(call.body(), EventReader.Kind.GENERIC, IdMaker.of(call));
        return one(item, call.principal());
    }

    /** Players too, as themselves, where a topic's grants let them. */
    private CompletionStage<Reply> game(Call call) {
        if (call.principal().role() == Role.OPERATOR) {
            throw Problem.forbidden("Operators do not publish.").asException();
        }
        call.limitBody(settings.maxEventBytes());
        mustBeJson(call);
        ParsedItem item = reader.one(call.body(), EventReader.Kind.GAME, IdMaker.of(call));
        return one(item, call.principal());
    }

    private CompletionStage<Reply> batch(Call call) {
        call.limitBody(settings.maxBatchBytes());
        if (cloudEvents.isBatch(call)) {
            return many(cloudEvents.batch(call), call.principal());
        }
        mustBeJson(call);
        return many(reader.batch(call.body(), IdMaker.of(call)), call.principal());
    }

    private CompletionStage<Reply> one(ParsedItem item, Principal who) {
        Accepted accepted =
                switch (item) {
                    case ParsedItem.Fit(Accepted fit) -> fit;
                    case ParsedItem.Refused refused -> throw refused.problem().asException();
                };
        if (topics.find(accepted.topic()) == null) {
            return lookedUp().thenCompose(known -> admitOne(accepted, who, known));
        }
        return admitOne(accepted, who, true);
    }

    /** Completes with whether the catalogue is as of now: without PostgreSQL it is not. */
    private CompletableFuture<Boolean> lookedUp() {
        return topics.refreshSoon()
                .copy()
                .orTimeout(LOOK_UP.toMillis(), TimeUnit.MILLISECONDS)
                .handle((fresh, failure) -> failure == null);
    }

    private static Problem missing(String topic, boolean known) {
        return known
                ? Problem.notFound("topic", topic)
                : Problem.unavailable(
                        "topic_not_looked_up",
                        "Whether there is a topic \""
                                + topic
                                + "\" cannot be looked up at the moment; nothing was published"
                                + " to it.",
                        SOON);
    }

    private CompletableFuture<Reply> admitOne(Accepted accepted, Principal who, boolean known) {
        Topic topic = topics.find(accepted.topic());
        if (topic == null) {
            throw missing(accepted.topic(), known).asException();
        }
        if (PublishGate.isOpen(topic, who)) {
            return sendOne(accepted);
        }
        refuse(gate.refusal(topic, who));
        if (!gate.looksInside(topic)) {
            return sendOne(accepted);
        }
        return CompletableFuture.supplyAsync(() -> gate.fault(topic, accepted.event()), aside)
                .thenCompose(fault -> {
                    refuse(fault);
                    return sendOne(accepted);
                });
    }

    private static void refuse(@Nullable Problem problem) {
        if (problem != null) {
            throw problem.asException();
        }
    }

    private CompletableFuture<Reply> sendOne(Accepted accepted) {
        CompletableFuture<InFlightPublish> inFlight = publisher.ship(List.of(accepted));
        if (inFlight == null) {
            throw overloaded().asException();
        }
        Receipt receipt = Receipt.of(accepted);
        return inFlight.thenApply(done -> {
            PublishException failure = done.failure(0);
            if (failure != null) {
                throw problem(failure).asException();
            }
            return Reply.json(200, PublishAnswers.one(receipt, done.partition(0), done.offset(0)));
        });
    }

    private CompletionStage<Reply> many(List<ParsedItem> items, Principal who) {
        for (ParsedItem item : items) {
            if (item instanceof ParsedItem.Fit(Accepted fit) && topics.find(fit.topic()) == null) {
                return lookedUp().thenCompose(known -> admitMany(items, who, known));
            }
        }
        return admitMany(items, who, true);
    }

    private CompletableFuture<Reply> admitMany(
            List<ParsedItem> items, Principal who, boolean known) {
        boolean looksInside = false;
        for (ParsedItem item : items) {
            Topic topic =
                    item instanceof ParsedItem.Fit(Accepted fit) ? topics.find(fit.topic()) : null;
            looksInside |= topic != null && gate.looksInside(topic);
        }
        if (looksInside) {
            return CompletableFuture.supplyAsync(() -> judge(items, who, known), aside)
                    .thenCompose(this::sendMany);
        }
        return sendMany(judge(items, who, known));
    }

    private CompletableFuture<Reply> sendMany(List<ParsedItem> judged) {
        List<Accepted> accepted = new ArrayList<>(judged.size());
        List<Receipt> receipts = new ArrayList<>(judged.size());
        for (ParsedItem item : judged) {
            receipts.add(Receipt.of(item));
            if (item instanceof ParsedItem.Fit(Accepted fit)) {
                accepted.add(fit);
            }
        }
        CompletableFuture<InFlightPublish> inFlight = publisher.ship(accepted);
        if (inFlight == null) {
            throw overloaded().asException();
        }
        return inFlight.thenApply(done -> {
            Problem shared = sharedFailure(receipts.size(), done);
            if (shared != null) {
                throw shared.asException();
            }
            return Reply.json(200, PublishAnswers.batch(receipts, done));
        });
    }

    private List<ParsedItem> judge(List<ParsedItem> items, Principal who, boolean known) {
        List<ParsedItem> judged = new ArrayList<>(items.size());
        for (ParsedItem item : items) {
            judged.add(
                    item instanceof ParsedItem.Fit(Accepted fit)
                            ? judge(item, fit, who, known)
                            : item);
        }
        return judged;
    }

    private ParsedItem judge(ParsedItem item, Accepted fit, Principal who, boolean known) {
        Topic topic = topics.find(fit.topic());
        if (topic != null && PublishGate.isOpen(topic, who)) {
            return item;
        }
        Problem problem = topic == null ? missing(fit.topic(), known) : gate.refusal(topic, who);
        if (problem == null && topic != null) {
            problem = gate.fault(topic, fit.event());
        }
        return problem == null
                ? item
                : new ParsedItem.Refused(fit.event().id(), fit.topic(), problem);
    }

    /** When Kafka took nothing of the batch, the request as a whole is to be repeated. */
    private static @Nullable Problem sharedFailure(int items, InFlightPublish done) {
        PublishException last = null;
        for (int i = 0; i < done.size(); i++) {
            PublishException failure = done.failure(i);
            if (failure == null || failure.reason() == PublishException.Reason.TOO_LARGE) {
                return null;
            }
            if (last == null || failure.reason() == PublishException.Reason.OUTCOME_UNKNOWN) {
                last = failure;
            }
        }
        boolean all = done.size() == items;
        return last == null || !all ? null : problem(last);
    }

    /** How a failure to publish reads to a caller. */
    static Problem problem(PublishException failure) {
        return switch (failure.reason()) {
            case UNKNOWN_TOPIC -> Problem.notFound("topic", "of this event");
            case TOO_LARGE -> Problem.tooLarge("Kafka does not take an event of this size.");
            case TOPIC_MISSING ->
                    Problem.unavailable(
                            "topic_missing",
                            "Kafka does not have the topic at the moment; nothing was published to"
                                    + " it.",
                            SOON);
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
        call.mustBeUtf8();
    }
}

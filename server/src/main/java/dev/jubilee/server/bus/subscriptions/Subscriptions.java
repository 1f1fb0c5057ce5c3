package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.events.EventId;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.bus.subscriptions.Subscription.Batching;
import dev.jubilee.server.bus.subscriptions.Subscription.Ordering;
import dev.jubilee.server.bus.subscriptions.Subscription.State;
import dev.jubilee.server.bus.subscriptions.Subscription.Status;
import dev.jubilee.server.bus.topics.Topic;
import dev.jubilee.server.bus.topics.TopicAction;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.ProblemException;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes and changes subscriptions. What is published after a change was answered is treated by it,
 * on every instance. Blocks. Thread-safe.
 */
public final class Subscriptions {
    /** The consumer group of routing: it stands in {@code platform.consumer_offsets}. */
    public static final String ROUTING_GROUP = "delivery";

    private static final Logger log = LoggerFactory.getLogger(Subscriptions.class);

    private final Database database;
    private final SubscriptionDirectory directory;
    private final StartPositions positions;
    private final OwedDeliveries owed;
    private final SubscriptionSecrets secrets;
    private final SubscriptionSettings settings;
    private final Endpoints endpoints;
    private final TopicCatalogue topics;
    private final Audit audit;
    private final InstantSource clock;
    private final EventId ids;

    /** What subscriptions stand on. */
    public record Platform(
            Database database,
            ChangeFeed changes,
            Admin admin,
            TopicCatalogue topics,
            InstantSource clock) {}

    public Subscriptions(
            Platform platform,
            SubscriptionSettings settings,
            SubscriptionSecrets secrets,
            Endpoints endpoints) {
        this.database = platform.database();
        this.directory = new SubscriptionDirectory(platform.database(), platform.changes());
        this.positions = new StartPositions(platform.admin(), platform.topics());
        this.owed = new OwedDeliveries(platform.database());
        this.secrets = secrets;
        this.settings = settings;
        this.endpoints = endpoints;
        this.topics = platform.topics();
        this.audit = new Audit(platform.clock());
        this.clock = platform.clock();
        this.ids = new EventId(platform.clock());
    }

    /** A subscription after a change, and the secret that is shown only now. */
    record Made(Subscription subscription, @Nullable String signingSecret) {}

    /** All subscriptions, in memory. */
    public SubscriptionDirectory directory() {
        return directory;
    }

    /**
     * Marks the subscription as changed, so that every instance reads it again, and blocks other
     * changes until the transaction ends.
     */
    public static void announceChange(Connection connection, UUID id) throws SQLException {
        // As every change does: first the row, then the version.
        if (SubscriptionStore.find(connection, id, true).isPresent()) {
            SubscriptionStore.change(connection, id);
        }
    }

    Database database() {
        return database;
    }

    /** The defaults of a new subscription. */
    Subscription defaults() {
        Instant now = clock.instant();
        return new Subscription(
                ids.next(),
                "",
                "*",
                List.of(),
                DeliveryMethod.KAFKA,
                null,
                null,
                null,
                null,
                new RetryPolicy(settings.maxRetries(), Duration.ofSeconds(60), null),
                1_000,
                new Batching(false, settings.batchSize(), Duration.ofMillis(100)),
                true,
                Duration.ofSeconds(30),
                Ordering.KEY,
                settings.startFrom(),
                Map.of(),
                null,
                new State(Status.ACTIVE, null, "closed", null, now, now, now, 0));
    }

    /** What requests are read against. */
    SubscriptionReader.Setting setting() {
        return new SubscriptionReader.Setting(
                endpoints, name -> topics.find(name) != null, settings.retryBackoff());
    }

    /**
     * The caller must be allowed to take what the subscription names, and to write where it writes.
     *
     * @throws dev.jubilee.server.http.ProblemException 403 when it is not
     */
    void mustBeAllowed(Principal who, Subscription it) {
        mustBeAllowed(who, it.topicPattern(), TopicAction.SUBSCRIBE, "subscribe");
        if (it.hasTargetTopic() && it.endpoint() != null) {
            mustBeAllowed(who, it.endpoint(), TopicAction.PUBLISH, "publish");
        }
    }

    private void mustBeAllowed(Principal who, String name, TopicAction action, String verb) {
        Topic topic = topics.find(name);
        if (topic != null && !topics.allows(who, topic, action)) {
            throw Problem.forbidden("The caller may not " + verb + " to \"" + name + "\".")
                    .asException();
        }
    }

    /** Where one begins that is made now. Asks Kafka, and so comes before any transaction. */
    StartPositions.Start start(Subscription it, String from) {
        StartPositions.Ends ends =
                it.isDelivered()
                        ? positions.ends(TopicPattern.of(it.topicPattern()), topic -> true)
                        : new StartPositions.Ends(Map.of(), Map.of());
        return positions.start(ends, from);
    }

    Made create(
            Connection connection,
            Principal who,
            SubscriptionReader.Read read,
            StartPositions.Start start)
            throws SQLException {
        Subscription it = read.subscription().withStartsAt(start.startsAt()).withOwner(who);
        SigningSecrets signing = it.method() == DeliveryMethod.WEBHOOK ? secrets.make() : null;
        it =
                it.withSecrets(
                        read.plainToken() == null ? null : secrets.sealToken(it, read.plainToken()),
                        signing == null ? null : secrets.seal(it, signing));
        long before = SubscriptionStore.change(connection, it.id());
        positions.seed(connection, start.ends(), indexAsOf(connection, before));
        SubscriptionStore.insert(connection, it);
        SubscriptionStore.insertCatchUps(connection, it.id(), start.catchUps());
        audit.record(connection, who, "subscription.create", it.id().toString(), audited(it));
        return new Made(it, signing == null ? null : signing.newest());
    }

    /** The ends of what a change makes it select that it did not before. */
    StartPositions.Ends endsOfMore(Subscription before, Subscription after) {
        TopicPattern old = TopicPattern.of(before.topicPattern());
        if (!after.isDelivered() || after.topicPattern().equals(before.topicPattern())) {
            return new StartPositions.Ends(Map.of(), Map.of());
        }
        return positions.ends(
                TopicPattern.of(after.topicPattern()), topic -> !old.matches(topic.name()));
    }

    /**
     * @param before what the change was read over
     * @throws Overtaken when that is not what stands there any more
     */
    Made change(
            Connection connection,
            Principal who,
            Subscription before,
            SubscriptionReader.Read read,
            StartPositions.Ends more)
            throws SQLException {
        Subscription current = owned(connection, who, before.id());
        mustStandAs(before, current);
        Map<UUID, List<Long>> starts = new HashMap<>(current.startsAt());
        starts.putAll(more.byTopic());
        String token = current.authToken();
        if (read.tokenGiven()) {
            token =
                    read.plainToken() == null
                            ? null
                            : secrets.sealToken(current, read.plainToken());
        }
        State state = current.state();
        Subscription it =
                read.subscription()
                        .withStartsAt(starts)
                        .withSecrets(token, current.signingSecrets())
                        .withState(state.as(state.status(), state.statusReason(), clock.instant()));
        long version = SubscriptionStore.change(connection, it.id());
        positions.seed(connection, more, indexAsOf(connection, version));
        SubscriptionStore.update(connection, it);
        // Left from when it selected them before: routing brings now what such a one would.
        SubscriptionStore.deleteCatchUps(connection, it.id(), more.names().keySet());
        audit.record(connection, who, "subscription.change", it.id().toString(), audited(it));
        return new Made(it, null);
    }

    /**
     * What is tried again later because the endpoint was not well is due now, if the change gave it
     * another. After the change was committed: what a crash leaves of this waits until it would
     * have been due.
     */
    void hurryIfElsewhere(Subscription before, Subscription after) {
        if (!after.isDispatched() || Objects.equals(before.endpoint(), after.endpoint())) {
            return;
        }
        try {
            owed.hurry(
                    after.id(),
                    clock.instant(),
                    connection -> SubscriptionStore.find(connection, after.id(), true).isPresent());
        } catch (DatabaseException e) {
            log.warn("what waits for {} may be late: {}", after.id(), e.getMessage());
        }
    }

    Made setStatus(
            Connection connection, Principal who, UUID id, Status status, @Nullable String reason)
            throws SQLException {
        Subscription current = owned(connection, who, id);
        State state = current.state();
        if (state.status() == status && (reason == null || reason.equals(state.statusReason()))) {
            return new Made(current, null);
        }
        Subscription it = current.withState(state.as(status, reason, clock.instant()));
        SubscriptionStore.change(connection, id);
        SubscriptionStore.update(connection, it);
        audit.record(
                connection,
                who,
                "subscription." + status.text(),
                id.toString(),
                Map.of("reason", reason == null ? "" : reason));
        return new Made(it, null);
    }

    /** Another change was committed between reading the subscription and writing it. */
    static final class Overtaken extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** What a request says is told by other means: secrets, the state, and where it begins. */
    private static void mustStandAs(Subscription before, Subscription current) {
        Subscription then =
                before.withSecrets(current.authToken(), current.signingSecrets())
                        .withStartsAt(current.startsAt())
                        .withState(current.state());
        if (!then.equals(current)) {
            throw new Overtaken();
        }
    }

    /**
     * Rewinds the subscription: it begins anew from there, and what is owed and not delivered yet
     * is dropped.
     *
     * @param before what the start was found for
     * @throws Overtaken when that is not what stands there any more
     */
    Made rewind(
            Connection connection,
            Principal who,
            Subscription before,
            String to,
            StartPositions.Start start)
            throws SQLException {
        UUID id = before.id();
        Subscription current = owned(connection, who, id);
        mustStandAs(before, current);
        State state = current.state();
        Subscription it =
                current.withStartFrom(to)
                        .withStartsAt(start.startsAt())
                        .withState(state.as(state.status(), state.statusReason(), clock.instant()));
        SubscriptionStore.change(connection, id);
        SubscriptionStore.update(connection, it);
        SubscriptionStore.rewind(connection, id, to);
        SubscriptionStore.insertCatchUps(connection, id, start.catchUps());
        audit.record(connection, who, "subscription.rewind", id.toString(), Map.of("to", to));
        return new Made(it, null);
    }

    /**
     * Where one that is about to be rewound begins, with all but a little of what it is owed
     * dropped. Nothing is dropped while Kafka is away.
     *
     * @throws Overtaken when it was rewound meanwhile: what it is owed now is of afterwards
     * @throws dev.jubilee.server.http.ProblemException 503 when Kafka does not answer
     */
    StartPositions.Start startAnew(Principal who, Subscription before, String to) {
        StartPositions.Start start = start(before, to);
        if (!dropMostOwed(who, before)) {
            return start;
        }
        try {
            // To drop much takes long, and it begins where the topics end by then.
            return start(before, to);
        } catch (ProblemException e) {
            throw Problem.unavailable(
                            e.problem().code(),
                            "Kafka does not say any more where its topics begin and end; the"
                                    + " subscription was not rewound, but most of what it was owed"
                                    + " is dropped. Ask again.",
                            Duration.ofSeconds(1))
                    .asException();
        }
    }

    /** Returns whether there was more than a little. */
    private boolean dropMostOwed(Principal who, Subscription before) {
        return owed.dropMost(
                before.id(),
                connection -> {
                    Subscription current = owned(connection, who, before.id());
                    if (current.state().rewinds() != before.state().rewinds()) {
                        throw new Overtaken();
                    }
                    return true;
                });
    }

    /**
     * Drops all but a little of what one is owed that is about to be deleted, and of its dead
     * letters. Of one that is gone there is nothing to drop: the same request may have deleted it
     * meanwhile, and is answered the same.
     */
    void dropMost(Principal who, UUID id) {
        owed.dropMostWithDeadLetters(
                id,
                connection -> {
                    Subscription it = SubscriptionStore.find(connection, id, true).orElse(null);
                    if (it != null) {
                        mustOwn(who, it);
                    }
                    return it != null;
                });
    }

    /** Those that name this topic, or are written to it, in words; a pattern is no name. */
    public static List<String> usersOf(Connection connection, String topic) throws SQLException {
        return SubscriptionStore.services(connection, topic).stream()
                .map(service -> "subscription \"" + service + "\"")
                .toList();
    }

    /**
     * Stops deliveries to one whose endpoint is gone, in the platform's own name. One that somebody
     * has changed or resumed since is left alone: its endpoint may be another, or there again.
     *
     * @param seen the subscription when the endpoint said so
     */
    public void disable(Connection connection, Subscription seen, String reason)
            throws SQLException {
        Subscription now = SubscriptionStore.find(connection, seen.id(), true).orElse(null);
        if (now != null
                && now.state().status() != Status.DISABLED
                && now.state().updatedAt().equals(seen.state().updatedAt())) {
            setStatus(connection, Principal.PLATFORM, seen.id(), Status.DISABLED, reason);
        }
    }

    Made rotateSecret(Connection connection, Principal who, UUID id) throws SQLException {
        Subscription current = owned(connection, who, id);
        if (current.method() != DeliveryMethod.WEBHOOK) {
            throw Problem.conflict(
                            "subscription_not_signed",
                            "Only webhooks are signed; this one has the method "
                                    + current.method().text()
                                    + ".")
                    .asException();
        }
        SigningSecrets rotated = secrets.rotated(current, clock.instant());
        State state = current.state();
        Subscription it =
                current.withSecrets(current.authToken(), secrets.seal(current, rotated))
                        .withState(state.as(state.status(), state.statusReason(), clock.instant()));
        SubscriptionStore.change(connection, id);
        SubscriptionStore.update(connection, it);
        audit.record(
                connection,
                who,
                "subscription.rotate_secret",
                id.toString(),
                Map.of("old_secrets_that_sign_along", rotated.secrets().size() - 1));
        return new Made(it, rotated.newest());
    }

    void delete(Connection connection, Principal who, UUID id) throws SQLException {
        owned(connection, who, id);
        SubscriptionStore.change(connection, id);
        SubscriptionStore.delete(connection, id);
        audit.record(connection, who, "subscription.delete", id.toString(), Map.of());
    }

    /**
     * The subscription, for a caller that acts in its name, takes its deliveries or decides about
     * them.
     *
     * @throws dev.jubilee.server.http.ProblemException 403 when it is another service's
     */
    public Subscription getOwned(Principal who, String id) {
        Subscription it = get(id);
        mustOwn(who, it);
        return it;
    }

    /** The subscription as it stands in the database. */
    public Subscription get(String id) {
        UUID uuid = idOf(id);
        return database.read(connection -> SubscriptionStore.find(connection, uuid, false))
                .orElseThrow(() -> notFound(id));
    }

    /** Whether there is one; if so it stays until the end of the transaction. */
    public boolean hold(Connection connection, UUID id) throws SQLException {
        return SubscriptionStore.hold(connection, id);
    }

    /** The id that a path names; a text that can be none is not found. */
    static UUID idOf(String text) {
        try {
            UUID id = UUID.fromString(text);
            if (id.toString().equals(text)) {
                return id;
            }
        } catch (IllegalArgumentException e) {
            // Not found, below.
        }
        throw notFound(text);
    }

    private static RuntimeException notFound(String id) {
        return Problem.notFound("subscription", id).asException();
    }

    private static Subscription locked(Connection connection, UUID id) throws SQLException {
        return SubscriptionStore.find(connection, id, true)
                .orElseThrow(() -> notFound(id.toString()));
    }

    private static Subscription owned(Connection connection, Principal who, UUID id)
            throws SQLException {
        Subscription it = locked(connection, id);
        mustOwn(who, it);
        return it;
    }

    /**
     * Whether it is for others than this game server to act on it and to see what its endpoint
     * answered; so is one that is gone.
     */
    public static boolean isOthers(Principal who, @Nullable Subscription it) {
        return who.role() == Role.SERVICE && (it == null || !who.equals(it.owner()));
    }

    /**
     * It is delivered with its owner's rights and signed with its owner's secret, so no other game
     * server may lead it elsewhere, put words into its mouth or take what it is owed.
     */
    private static void mustOwn(Principal who, Subscription it) {
        if (isOthers(who, it)) {
            throw Problem.forbidden(
                            "Only who made the subscription, operators and admins act on it.")
                    .asException();
        }
    }

    /**
     * Nobody else can change the version while this transaction holds it. It reads by the
     * transaction's own connection: whoever waits here for another one waits for those who wait for
     * this version, and have them all.
     */
    private SubscriptionIndex indexAsOf(Connection connection, long version) throws SQLException {
        SubscriptionIndex index = directory.index();
        return index.version() == version
                ? index
                : new SubscriptionIndex(version, SubscriptionStore.all(connection));
    }

    private static Map<String, Object> audited(Subscription it) {
        Map<String, Object> detail = new HashMap<>();
        detail.put("service_name", it.serviceName());
        detail.put("topic_pattern", it.topicPattern());
        detail.put("event_types", it.eventTypes());
        detail.put("method", it.method().text());
        if (it.endpoint() != null) {
            detail.put("endpoint", it.endpoint());
        }
        return detail;
    }
}

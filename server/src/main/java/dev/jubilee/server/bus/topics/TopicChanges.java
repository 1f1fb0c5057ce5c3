package dev.jubilee.server.bus.topics;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/**
 * Changes topics and deletes them. Kafka follows before the row is committed; a commit that fails
 * after that shows as drift, and the same change again settles it. Blocks. Thread-safe.
 */
public final class TopicChanges {
    private final Database database;
    private final KafkaTopics kafka;
    private final Audit audit;
    private final TopicCatalogue catalogue;
    private final InstantSource clock;
    private final List<TopicUse> uses = new CopyOnWriteArrayList<>();

    TopicChanges(
            Database database,
            KafkaTopics kafka,
            Audit audit,
            TopicCatalogue catalogue,
            InstantSource clock) {
        this.database = database;
        this.kafka = kafka;
        this.audit = audit;
        this.catalogue = catalogue;
        this.clock = clock;
    }

    /** Runs work in a transaction of its own, or finds the answer to an earlier run of it. */
    interface Transaction extends Function<Database.Work<Reply>, Reply> {}

    /** Asks this before a topic is deleted. */
    public void heed(TopicUse use) {
        uses.add(use);
    }

    Reply update(
            String name,
            Input input,
            boolean force,
            Principal who,
            Transaction transaction,
            Function<Topic, Reply> answer) {
        return changing(
                name,
                who,
                transaction,
                (connection, now) -> {
                    TopicChange change = TopicChange.read(input, now, force);
                    if (change.changesProtection() && who.role() != Role.ADMIN) {
                        throw Problem.forbidden(
                                        "Only admins change is_system_topic and requires_auth.")
                                .asException();
                    }
                    Topic after = TopicStore.update(connection, change.after(), clock.instant());
                    audit.record(connection, who, "topic.update", name, change.differences());
                    if (change.grows()) {
                        kafka.grow(name, after.partitions());
                    }
                    // Also one that says what the catalogue does: Kafka may have drifted from it.
                    if (input.names("retention_hours")) {
                        kafka.retain(name, after.retentionHours());
                    }
                    return answer.apply(after);
                });
    }

    Reply setStatus(
            String name,
            String status,
            Principal who,
            Transaction transaction,
            Function<Topic, Reply> answer) {
        return changing(
                name,
                who,
                transaction,
                (connection, now) -> {
                    if (now.isSystemTopic()) {
                        throw Problem.conflict(
                                        "topic_is_system",
                                        "\"" + name + "\" is the platform's own and runs always.")
                                .asException();
                    }
                    if (now.status().equals(status)) {
                        return answer.apply(now);
                    }
                    Topic wanted = withStatus(now, status);
                    Topic after = TopicStore.update(connection, wanted, clock.instant());
                    audit.record(
                            connection, who, "topic." + status, name, Map.of("was", now.status()));
                    return answer.apply(after);
                });
    }

    /**
     * Deletes a topic and its events in Kafka; the event store keeps its own, and those of a
     * protected topic stay closed to all but admins.
     *
     * @param confirmation must be the name again
     * @param force although somebody uses it, or has not read all of it
     */
    Reply delete(
            String name,
            String confirmation,
            boolean force,
            Principal who,
            Transaction transaction) {
        return changing(
                name,
                who,
                transaction,
                (connection, now) -> {
                    if (now.isSystemTopic()) {
                        throw Problem.conflict(
                                        "topic_is_system",
                                        "\"" + name + "\" is the platform's own and stays.")
                                .asException();
                    }
                    if (!confirmation.equals(name)) {
                        throw Problem.invalid("confirm", "must be the topic's name, " + name)
                                .asException();
                    }
                    List<Problem.FieldError> obstacles = obstacles(connection, now);
                    if (!obstacles.isEmpty() && !force) {
                        throw new Problem(
                                        409,
                                        "topic_in_use",
                                        "Conflict with the present state",
                                        "Somebody still needs the topic. Send force=true to delete"
                                                + " it all the same.",
                                        obstacles,
                                        null)
                                .asException();
                    }
                    if (now.requiresAuth()) {
                        TopicTombstones.put(connection, name, clock.instant());
                    }
                    TopicStore.delete(connection, name);
                    audit.record(
                            connection,
                            who,
                            "topic.delete",
                            name,
                            Map.of("in_spite_of", obstacles));
                    kafka.remove(name);
                    return Reply.noContent();
                });
    }

    Reply grant(
            String name,
            String principal,
            Set<TopicAction> actions,
            Principal who,
            Transaction transaction,
            Reply answer) {
        return changing(
                name,
                who,
                transaction,
                (connection, now) -> {
                    TopicGrants.put(connection, name, principal, actions, clock.instant());
                    audit.record(
                            connection,
                            who,
                            "topic.grant",
                            name,
                            Map.of("principal", principal, "actions", actions));
                    return answer;
                });
    }

    Reply revoke(String name, String principal, Principal who, Transaction transaction) {
        return changing(
                name,
                who,
                transaction,
                (connection, now) -> {
                    if (!TopicGrants.remove(connection, name, principal)) {
                        throw Problem.notFound("topic_grant", principal).asException();
                    }
                    audit.record(
                            connection, who, "topic.revoke", name, Map.of("principal", principal));
                    return Reply.noContent();
                });
    }

    /** What everyone may do with the topic, read from the database. */
    Map<String, Set<TopicAction>> grantsOf(String name) {
        return database.read(TopicGrants::all).byTopic().getOrDefault(name, Map.of());
    }

    @FunctionalInterface
    private interface Change {
        Reply in(Connection connection, Topic now) throws SQLException;
    }

    private Reply changing(String name, Principal who, Transaction transaction, Change change) {
        Reply reply =
                transaction.apply(connection -> {
                    TopicStore.lock(connection, name);
                    Topic now =
                            TopicStore.find(connection, name)
                                    .orElseThrow(
                                            () -> Problem.notFound("topic", name).asException());
                    if (now.isSystemTopic() && who.role() != Role.ADMIN) {
                        throw mayNotTouch(name).asException();
                    }
                    return change.in(connection, now);
                });
        catalogue.refresh();
        return reply;
    }

    private static Problem mayNotTouch(String name) {
        return Problem.forbidden("\"" + name + "\" is a system topic, which is an admin's matter.");
    }

    private List<Problem.FieldError> obstacles(Connection connection, Topic topic)
            throws SQLException {
        List<Problem.FieldError> obstacles = new ArrayList<>();
        for (TopicUse use : uses) {
            use.of(connection, topic)
                    .forEach(user -> obstacles.add(new Problem.FieldError("used_by", user)));
        }
        Map<Integer, Long> ends = kafka.ends(topic.name());
        TopicStore.positions(connection, topic)
                .forEach((group, positions) -> {
                    long unread = 0;
                    for (Map.Entry<Integer, Long> end : ends.entrySet()) {
                        unread += end.getValue() - positions.getOrDefault(end.getKey(), 0L);
                    }
                    if (unread > 0) {
                        obstacles.add(
                                new Problem.FieldError(
                                        "unread", group + " has not read " + unread + " events"));
                    }
                });
        return obstacles;
    }

    private static Topic withStatus(Topic topic, String status) {
        return new Topic(
                topic.id(),
                topic.name(),
                topic.kafkaTopicId(),
                topic.description(),
                topic.schema(),
                topic.partitions(),
                topic.replicationFactor(),
                topic.retentionHours(),
                status,
                topic.category(),
                topic.ownerService(),
                topic.createdAt(),
                topic.updatedAt(),
                topic.isSystemTopic(),
                topic.requiresAuth(),
                topic.enableDlq());
    }
}

package dev.jubilee.server.bus.topics;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.security.Principal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes topics. A topic stands in PostgreSQL and in Kafka, or in neither: the row is committed
 * after Kafka made the topic, and a failed commit takes Kafka's topic back. What a crash in between
 * leaves in Kafka is adopted by the next creation of that name. Blocks. Thread-safe.
 */
public final class Topics {
    private static final Logger log = LoggerFactory.getLogger(Topics.class);

    private final Database database;
    private final KafkaTopics kafka;
    private final Audit audit;
    private final TopicSettings settings;
    private final TopicCatalogue catalogue;
    private final TopicChanges changes;
    private final TopicDrift drift;

    /**
     * @param maxMessageBytes the largest event that a topic takes, headers included
     */
    public Topics(
            Database database,
            ChangeFeed feed,
            Admin admin,
            Audit audit,
            TopicSettings settings,
            int maxMessageBytes,
            InstantSource clock) {
        this.database = database;
        this.kafka = new KafkaTopics(admin, maxMessageBytes);
        this.audit = audit;
        this.settings = settings;
        this.catalogue = new TopicCatalogue(database, feed);
        this.changes = new TopicChanges(database, kafka, audit, catalogue, clock);
        this.drift = new TopicDrift(kafka, catalogue);
    }

    /** Reads the catalogue for the first time. */
    public void start() {
        catalogue.refresh();
    }

    /** What topics there are. */
    public TopicCatalogue catalogue() {
        return catalogue;
    }

    /** Changes topics, and deletes them. */
    public TopicChanges changes() {
        return changes;
    }

    /** Where the catalogue and Kafka differ. */
    TopicDrift drift() {
        return drift;
    }

    /**
     * The platform's own topic of that name, made if it is not there yet. Any instance may call it
     * at any time.
     */
    public Topic ensureSystemTopic(String name, int partitions) {
        Topic topic =
                database.read(connection -> TopicStore.find(connection, name))
                        .orElseGet(() ->
                                makeUnlessThere(
                                        NewTopicRequest.system(name, partitions, settings)));
        catalogue.refresh();
        return topic;
    }

    /**
     * Makes a topic.
     *
     * @param transaction runs the work in a transaction of its own, or finds the answer to an
     *     earlier run of the same request
     * @throws dev.jubilee.server.http.ProblemException 409 when there is one of that name, or was
     *     one that was protected and this is not, 503 when Kafka cannot
     */
    Reply create(
            NewTopicRequest asked,
            Principal who,
            Function<Database.Work<Reply>, Reply> transaction,
            Function<Topic, Reply> answer) {
        Attempt attempt = new Attempt(asked, who);
        Reply reply;
        try {
            reply =
                    transaction.apply(connection -> {
                        TopicStore.lock(connection, asked.name());
                        if (TopicStore.find(connection, asked.name()).isPresent()) {
                            throw Problem.conflict(
                                            "topic_exists",
                                            "There is a topic \"" + asked.name() + "\" already.")
                                    .asException();
                        }
                        mustStayProtected(connection, asked);
                        return answer.apply(attempt.make(connection));
                    });
        } catch (DatabaseException e) {
            reply = answer.apply(attempt.settle(e));
        }
        catalogue.refresh();
        return reply;
    }

    /** Else whoever makes the name again opens what the topic before it held. */
    private static void mustStayProtected(Connection connection, NewTopicRequest asked)
            throws SQLException {
        if (!asked.requiresAuth() && TopicTombstones.holds(connection, asked.name())) {
            throw Problem.conflict(
                            "topic_was_protected",
                            "A topic \""
                                    + asked.name()
                                    + "\" that required a grant was deleted, and what it held is"
                                    + " kept still. Make it with requires_auth=true; an admin may"
                                    + " open it then.")
                    .asException();
        }
    }

    TopicSettings settings() {
        return settings;
    }

    private Topic makeUnlessThere(NewTopicRequest asked) {
        Attempt attempt = new Attempt(asked, Principal.PLATFORM);
        try {
            return database.transaction(connection -> {
                TopicStore.lock(connection, asked.name());
                Optional<Topic> there = TopicStore.find(connection, asked.name());
                return there.isPresent() ? there.get() : attempt.make(connection);
            });
        } catch (DatabaseException e) {
            return attempt.settle(e);
        }
    }

    /** One try to make one topic. */
    private final class Attempt {
        private final NewTopicRequest asked;
        private final Principal who;
        private KafkaTopics.@Nullable Made made;

        Attempt(NewTopicRequest asked, Principal who) {
            this.asked = asked;
            this.who = who;
        }

        Topic make(Connection connection) throws SQLException {
            made = kafka.make(asked);
            Topic topic = TopicStore.insert(connection, asked, made);
            audit.record(connection, who, "topic.create", asked.name(), asked);
            return topic;
        }

        /** The commit may have failed before or after PostgreSQL took it: the row decides. */
        Topic settle(DatabaseException failure) {
            if (made == null) {
                throw failure;
            }
            Optional<Topic> there;
            try {
                there = database.transaction(this::findOrTakeBack);
            } catch (DatabaseException e) {
                log.warn(
                        "topic {} is in Kafka, and whether its row was written is unknown; creating"
                                + " it again adopts it",
                        asked.name());
                throw failure;
            }
            if (there.isPresent()) {
                return there.get();
            }
            throw failure;
        }

        /** Under the lock again: another instance may have adopted Kafka's topic meanwhile. */
        private Optional<Topic> findOrTakeBack(Connection connection) throws SQLException {
            TopicStore.lock(connection, asked.name());
            Optional<Topic> there = TopicStore.find(connection, asked.name());
            if (there.isEmpty() && made != null && made.isNew()) {
                kafka.remove(asked.name());
            }
            return there;
        }
    }
}

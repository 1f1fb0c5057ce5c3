package dev.jubilee.server.bus.topics;

import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.http.Problem;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
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
    private final TopicSettings settings;
    private final TopicCatalogue catalogue;

    /**
     * @param maxMessageBytes the largest event that a topic takes, headers included
     */
    public Topics(
            Database database,
            ChangeFeed changes,
            Admin admin,
            TopicSettings settings,
            int maxMessageBytes) {
        this.database = database;
        this.kafka = new KafkaTopics(admin, maxMessageBytes);
        this.settings = settings;
        this.catalogue = new TopicCatalogue(database, changes);
    }

    /** Reads the catalogue for the first time. */
    public void start() {
        catalogue.refresh();
    }

    /** What topics there are. */
    public TopicCatalogue catalogue() {
        return catalogue;
    }

    /**
     * The platform's own topic of that name, made if it is not there yet. Any instance may call it
     * at any time.
     */
    public Topic ensureSystemTopic(String name, int partitions) {
        Topic topic =
                database.read(connection -> TopicStore.find(connection, name))
                        .orElseGet(() ->
                                make(NewTopicRequest.system(name, partitions, settings), true));
        catalogue.refresh();
        return topic;
    }

    /**
     * Makes a topic.
     *
     * @throws dev.jubilee.server.http.ProblemException 409 when there is one of that name, 503 when
     *     Kafka cannot
     */
    Topic create(NewTopicRequest asked) {
        Topic topic = make(asked, false);
        catalogue.refresh();
        return topic;
    }

    TopicSettings settings() {
        return settings;
    }

    private Topic make(NewTopicRequest asked, boolean takeExisting) {
        Attempt attempt = new Attempt();
        try {
            return database.transaction(connection -> {
                TopicStore.lock(connection, asked.name());
                Optional<Topic> there = TopicStore.find(connection, asked.name());
                if (there.isPresent() && takeExisting) {
                    return there.get();
                }
                if (there.isPresent()) {
                    throw Problem.conflict(
                                    "topic_exists",
                                    "There is a topic \"" + asked.name() + "\" already.")
                            .asException();
                }
                return attempt.make(connection, asked);
            });
        } catch (DatabaseException e) {
            return settle(asked, attempt, e);
        }
    }

    /** The commit may have failed before or after PostgreSQL took it: the row itself decides. */
    private Topic settle(NewTopicRequest asked, Attempt attempt, DatabaseException failure) {
        KafkaTopics.Made made = attempt.made;
        if (made == null) {
            throw failure;
        }
        Optional<Topic> there;
        try {
            there = database.read(connection -> TopicStore.find(connection, asked.name()));
        } catch (DatabaseException e) {
            log.warn(
                    "topic {} is in Kafka, and whether its row was written is unknown; creating it"
                            + " again adopts it",
                    asked.name());
            throw failure;
        }
        if (there.isPresent()) {
            return there.get();
        }
        if (made.isNew()) {
            kafka.remove(asked.name());
        }
        throw failure;
    }

    private final class Attempt {
        private KafkaTopics.@Nullable Made made;

        Topic make(Connection connection, NewTopicRequest asked) throws SQLException {
            made = kafka.make(asked);
            return TopicStore.insert(connection, asked, made);
        }
    }
}

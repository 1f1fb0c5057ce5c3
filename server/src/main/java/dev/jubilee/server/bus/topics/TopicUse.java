package dev.jubilee.server.bus.topics;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** Something that a topic's deletion would take the ground from, such as subscriptions. */
@FunctionalInterface
public interface TopicUse {
    /**
     * Who uses the topic, each in words that finish "it is used by": {@code subscription
     * "mail-service"}; empty when nobody does.
     *
     * @param connection in whose transaction the topic is deleted if nobody does
     */
    List<String> of(Connection connection, Topic topic) throws SQLException;
}

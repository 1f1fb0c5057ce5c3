package dev.jubilee.server.bus.topics;

import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Who may do what with which topic: the rows of {@code bus.topic_grants}. Immutable.
 *
 * @param byTopic then by principal: the id of a key, or {@code role:} and a role
 */
record TopicGrants(Map<String, Map<String, Set<TopicAction>>> byTopic) {
    static final TopicGrants NONE = new TopicGrants(Map.of());
    private static final String ROLE = "role:";

    /**
     * Admins and the platform may do everything. A topic of the platform takes events from nobody
     * else. Players may do what is granted to them, others what the topic does not restrict.
     */
    boolean allow(Principal who, Topic topic, TopicAction action) {
        if (who.role() == Role.ADMIN) {
            return true;
        }
        if (topic.isSystemTopic() && action == TopicAction.PUBLISH) {
            return false;
        }
        boolean open = !topic.requiresAuth() && who.role() != Role.PLAYER;
        return open || isGranted(who, topic.name(), action);
    }

    private boolean isGranted(Principal who, String topic, TopicAction action) {
        Map<String, Set<TopicAction>> granted = byTopic.get(topic);
        if (granted == null || who.role() == Role.ANONYMOUS) {
            return false;
        }
        // A player's id is its own choice, so it must not be able to pass for a key.
        boolean byId =
                who.role() != Role.PLAYER
                        && granted.getOrDefault(who.id(), Set.of()).contains(action);
        return byId || granted.getOrDefault(ROLE + who.role().text(), Set.of()).contains(action);
    }

    static TopicGrants all(Connection connection) throws SQLException {
        try (PreparedStatement statement =
                        connection.prepareStatement(
                                "SELECT topic, principal, actions FROM bus.topic_grants");
                ResultSet row = statement.executeQuery()) {
            Map<String, Map<String, Set<TopicAction>>> byTopic = new HashMap<>();
            while (row.next()) {
                byTopic.computeIfAbsent(row.getString(1), topic -> new TreeMap<>())
                        .put(row.getString(2), actions(row));
            }
            return new TopicGrants(byTopic);
        }
    }

    private static Set<TopicAction> actions(ResultSet row) throws SQLException {
        Set<TopicAction> actions = EnumSet.noneOf(TopicAction.class);
        for (Object action : (Object[]) row.getArray(3).getArray()) {
            actions.add(TopicAction.of((String) action));
        }
        return actions;
    }

    /** Grants these actions and no others. */
    static void put(
            Connection connection,
            String topic,
            String principal,
            Set<TopicAction> actions,
            Instant at)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        INSERT INTO bus.topic_grants (topic, principal, actions, granted_at) VALUES (?, ?, ?, ?)
                        ON CONFLICT (topic, principal)
                        DO UPDATE SET actions = excluded.actions, granted_at = excluded.granted_at
                        """)) {
            statement.setString(1, topic);
            statement.setString(2, principal);
            Object[] texts = actions.stream().map(TopicAction::text).toArray();
            statement.setArray(3, connection.createArrayOf("text", texts));
            statement.setObject(4, Timestamps.utc(at));
            statement.executeUpdate();
            ChangeFeed.announce(connection, TopicStore.SUBJECT, topic);
        }
    }

    /** Returns whether there was one. */
    static boolean remove(Connection connection, String topic, String principal)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "DELETE FROM bus.topic_grants WHERE topic = ? AND principal = ?")) {
            statement.setString(1, topic);
            statement.setString(2, principal);
            ChangeFeed.announce(connection, TopicStore.SUBJECT, topic);
            return statement.executeUpdate() > 0;
        }
    }
}

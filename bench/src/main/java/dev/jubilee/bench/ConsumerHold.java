package dev.jubilee.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Keeps one of the platform's consumers where it is: its position in PostgreSQL is locked, so that
 * nothing it does commits. Everything else goes on. For one thread.
 */
final class ConsumerHold implements AutoCloseable {
    private final String group;
    private final Connection connection;

    /** Holds the consumer on this topic, of which it must have handled something already. */
    ConsumerHold(Installation at, String group, String topic) {
        this.group = group;
        try {
            this.connection = at.connect();
            connection.setAutoCommit(false);
            try (PreparedStatement lock =
                    connection.prepareStatement(
                            """
                            SELECT FROM platform.consumer_offsets
                            WHERE consumer_group = ? AND topic = ? FOR UPDATE
                            """)) {
                lock.setString(1, group);
                lock.setString(2, topic);
                try (ResultSet rows = lock.executeQuery()) {
                    if (!rows.next()) {
                        throw new BenchException(group + " has handled nothing of " + topic);
                    }
                }
            }
        } catch (SQLException e) {
            throw new BenchException(group + " cannot be held: " + e.getMessage(), e);
        }
    }

    /** Lets it go on. */
    void release() {
        try {
            if (!connection.isClosed()) {
                connection.rollback();
                connection.close();
            }
        } catch (SQLException e) {
            throw new BenchException(group + " is still held: " + e.getMessage(), e);
        }
    }

    /** Lets it go on, if it is still held. */
    @Override
    public void close() {
        release();
    }
}

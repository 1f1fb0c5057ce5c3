package dev.jubilee.events.postgres;

import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.OffsetAdvance.Step;
import dev.jubilee.events.OffsetStore;
import dev.jubilee.events.PartitionId;
import java.io.Serial;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import javax.sql.DataSource;

/**
 * Positions in a PostgreSQL table:
 *
 * <pre>{@code
 * CREATE TABLE platform.consumer_offsets (
 *     consumer_group text        NOT NULL,
 *     topic_id       uuid        NOT NULL,
 *     partition      integer     NOT NULL,
 *     topic          text        NOT NULL,
 *     next_offset    bigint      NOT NULL,
 *     leader_epoch   integer,
 *     epoch_offset   bigint,
 *     updated_at     timestamptz NOT NULL,
 *     PRIMARY KEY (consumer_group, topic_id, partition)
 * );
 * }</pre>
 *
 * <p>The epoch counts as long as {@code epoch_offset} is {@code next_offset}: whoever moves a
 * position without an epoch, by hand or as an earlier version did, makes it unknown.
 *
 * <p>Thread-safe.
 */
public final class PostgresOffsets implements OffsetStore {
    private static final String EPOCH =
            "CASE WHEN o.epoch_offset = o.next_offset THEN coalesce(o.leader_epoch, -1) ELSE -1 END";

    private final DataSource dataSource;
    private final String positions;
    private final String advance;

    /** The store could not be read. */
    public static final class Unreadable extends RuntimeException {
        @Serial private static final long serialVersionUID = 1L;

        Unreadable(SQLException cause) {
            super(cause.getMessage(), cause);
        }
    }

    /** The table may be qualified by its schema. */
    public PostgresOffsets(DataSource dataSource, String table) {
        this.dataSource = dataSource;
        String name = SqlNames.requireTable("table", table);
        this.positions =
                """
                SELECT topic_id, partition, next_offset, %s FROM %s o WHERE consumer_group = ?\
                """
                        .formatted(EPOCH, name);
        // Rows are locked in one order, lest two consumers that meet lock each other out.
        this.advance =
                """
                WITH step AS (
                    SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?)
                        AS s (topic_id, partition, topic, expected, expected_epoch, next, epoch)
                ), created AS (
                    INSERT INTO %1$s
                        (consumer_group, topic_id, partition, topic, next_offset,
                            leader_epoch, epoch_offset, updated_at)
                    SELECT ?, topic_id, partition, topic, next, nullif(epoch, -1), next, now()
                    FROM step
                    WHERE expected = -1 ORDER BY topic_id, partition
                    ON CONFLICT DO NOTHING
                    RETURNING 1
                ), locked AS MATERIALIZED (
                    SELECT o.topic_id, o.partition, s.next, s.epoch
                    FROM %1$s o JOIN step s USING (topic_id, partition)
                    WHERE o.consumer_group = ? AND o.next_offset = s.expected
                        AND %2$s = s.expected_epoch
                    ORDER BY o.topic_id, o.partition
                    FOR UPDATE OF o
                ), moved AS (
                    UPDATE %1$s o SET next_offset = l.next, leader_epoch = nullif(l.epoch, -1),
                        epoch_offset = l.next, updated_at = now()
                    FROM locked l
                    WHERE o.consumer_group = ? AND o.topic_id = l.topic_id
                        AND o.partition = l.partition
                    RETURNING 1
                )
                SELECT (SELECT count(*) FROM created) + (SELECT count(*) FROM moved)\
                """
                        .formatted(name, EPOCH);
    }

    @Override
    public Map<PartitionId, Long> positions(String group) {
        Map<PartitionId, Long> offsets = new HashMap<>();
        positionsWithEpochs(group)
                .forEach((partition, position) -> offsets.put(partition, position.offset()));
        return offsets;
    }

    @Override
    public Map<PartitionId, Position> positionsWithEpochs(String group) {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement(positions)) {
            statement.setString(1, group);
            try (ResultSet rows = statement.executeQuery()) {
                Map<PartitionId, Position> found = new HashMap<>();
                while (rows.next()) {
                    UUID topicId = rows.getObject(1, UUID.class);
                    found.put(
                            new PartitionId(topicId, rows.getInt(2)),
                            new Position(rows.getLong(3), rows.getInt(4)));
                }
                return found;
            }
        } catch (SQLException e) {
            throw new Unreadable(e);
        }
    }

    /**
     * Moves the group on, within the caller's transaction and in one round trip.
     *
     * @return false if a position was not what is expected: the group has been overtaken, and the
     *     caller must roll back, for part of the positions may have been moved
     */
    public boolean advance(Connection connection, OffsetAdvance advance) throws SQLException {
        List<Step> steps =
                advance.steps().stream().sorted(Comparator.comparing(Step::partition)).toList();
        try (PreparedStatement statement = connection.prepareStatement(this.advance)) {
            array(connection, statement, 1, "uuid", steps, step -> step.partition().topicId());
            array(connection, statement, 2, "int4", steps, step -> step.partition().partition());
            array(connection, statement, 3, "text", steps, Step::topic);
            array(connection, statement, 4, "int8", steps, step -> step.expected().offset());
            array(connection, statement, 5, "int4", steps, step -> step.expected().leaderEpoch());
            array(connection, statement, 6, "int8", steps, step -> step.next().offset());
            array(connection, statement, 7, "int4", steps, step -> step.next().leaderEpoch());
            statement.setString(8, advance.group());
            statement.setString(9, advance.group());
            statement.setString(10, advance.group());
            try (ResultSet moved = statement.executeQuery()) {
                moved.next();
                return moved.getInt(1) == steps.size();
            }
        }
    }

    private static void array(
            Connection connection,
            PreparedStatement statement,
            int parameter,
            String type,
            List<Step> steps,
            Function<Step, Object> value)
            throws SQLException {
        statement.setArray(
                parameter, connection.createArrayOf(type, steps.stream().map(value).toArray()));
    }
}

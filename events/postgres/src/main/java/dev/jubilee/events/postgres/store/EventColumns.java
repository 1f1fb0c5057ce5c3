package dev.jubilee.events.postgres.store;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.store.StoredEvent;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Events as columns: arrays on the way in, rows on the way out. */
final class EventColumns {
    /** What {@link #read} expects, in its order. */
    static final String SELECTED =
            """
            stream, version, position, id, type, source, time_ns, subject, correlation_id,
                causation_id, attributes, data\
            """;

    private final int[] chains;
    private final long[] versions;
    private final String[] ids;
    private final String[] types;
    private final String[] sources;
    private final long[] times;
    private final @Nullable String[] subjects;
    private final @Nullable String[] correlations;
    private final @Nullable String[] causations;
    private final @Nullable String[] attributes;
    private final byte[][] data;
    private int rows;

    EventColumns(int size) {
        chains = new int[size];
        versions = new long[size];
        ids = new String[size];
        types = new String[size];
        sources = new String[size];
        times = new long[size];
        subjects = new @Nullable String[size];
        correlations = new @Nullable String[size];
        causations = new @Nullable String[size];
        attributes = new @Nullable String[size];
        data = new byte[size][];
    }

    void add(int chain, Append append) {
        long version = append.expectedVersion();
        for (int i = 0; i < append.size(); i++) {
            Envelope event = append.events().get(i);
            chains[rows] = chain;
            versions[rows] = ++version;
            ids[rows] = event.id();
            types[rows] = event.type();
            sources[rows] = event.source();
            times[rows] = append.times()[i];
            subjects[rows] = event.subject();
            correlations[rows] = event.correlationId();
            causations[rows] = event.causationId();
            attributes[rows] = append.attributes()[i];
            data[rows] = event.data();
            rows++;
        }
    }

    /** Eleven arrays, from this parameter on. */
    void bind(PreparedStatement statement, int first) throws SQLException {
        int parameter = first;
        for (Object column :
                new Object[] {
                    chains,
                    versions,
                    ids,
                    types,
                    sources,
                    times,
                    subjects,
                    correlations,
                    causations,
                    attributes,
                    data
                }) {
            statement.setObject(parameter++, column);
        }
    }

    static List<StoredEvent> read(ResultSet rows) throws SQLException {
        List<StoredEvent> events = new ArrayList<>();
        while (rows.next()) {
            Envelope.Builder event =
                    Envelope.of(
                                    rows.getString(4),
                                    rows.getString(5),
                                    rows.getString(6),
                                    Append.instant(rows.getLong(7)))
                            .subject(rows.getString(8))
                            .correlationId(rows.getString(9))
                            .causationId(rows.getString(10));
            Attributes.apply(rows.getString(11), rows.getBytes(12), event);
            events.add(
                    new StoredEvent(
                            rows.getString(1), rows.getLong(2), rows.getLong(3), event.build()));
        }
        return events;
    }
}

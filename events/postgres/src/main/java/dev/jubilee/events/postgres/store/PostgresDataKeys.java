package dev.jubilee.events.postgres.store;

import dev.jubilee.events.store.DataKeys;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import javax.sql.DataSource;

/** People's wrapped keys in PostgreSQL. Thread-safe. */
public final class PostgresDataKeys implements DataKeys {
    private final DataSource dataSource;
    private final String find;
    private final String findOrStore;
    private final String forget;

    /** Keys of a store whose tables are there. */
    public PostgresDataKeys(DataSource dataSource, EventStoreSettings settings) {
        this.dataSource = dataSource;
        String table = settings.schema() + ".data_keys";
        this.find = "SELECT person, id, wrapped FROM %s WHERE person = ANY (?)".formatted(table);
        // An update that changes nothing, for "DO NOTHING" would not return the row.
        this.findOrStore =
                """
                INSERT INTO %s AS k (person, id, wrapped) VALUES (?, ?, ?)
                ON CONFLICT (person) DO UPDATE SET id = k.id
                RETURNING id, wrapped\
                """
                        .formatted(table);
        this.forget = "DELETE FROM %s WHERE person = ?".formatted(table);
    }

    @Override
    public Map<String, WrappedKey> find(Collection<String> persons) {
        return Statements.run(
                dataSource,
                "reading keys",
                connection -> {
                    try (PreparedStatement statement = connection.prepareStatement(find)) {
                        statement.setObject(1, persons.toArray(String[]::new));
                        try (ResultSet rows = statement.executeQuery()) {
                            Map<String, WrappedKey> keys = new HashMap<>();
                            while (rows.next()) {
                                keys.put(
                                        rows.getString(1),
                                        new WrappedKey(rows.getString(2), rows.getBytes(3)));
                            }
                            return keys;
                        }
                    }
                });
    }

    @Override
    public WrappedKey findOrStore(String person, WrappedKey offered) {
        return Statements.run(
                dataSource,
                "storing a key",
                connection -> {
                    try (PreparedStatement statement = connection.prepareStatement(findOrStore)) {
                        statement.setString(1, person);
                        statement.setString(2, offered.id());
                        statement.setBytes(3, offered.wrapped());
                        return only(statement);
                    }
                });
    }

    private static WrappedKey only(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            row.next();
            return new WrappedKey(row.getString(1), row.getBytes(2));
        }
    }

    @Override
    public boolean forget(String person) {
        return Statements.run(
                dataSource,
                "deleting a key",
                connection -> {
                    try (PreparedStatement statement = connection.prepareStatement(forget)) {
                        statement.setString(1, person);
                        return statement.executeUpdate() == 1;
                    }
                });
    }
}

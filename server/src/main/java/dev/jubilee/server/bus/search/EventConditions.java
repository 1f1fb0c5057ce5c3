package dev.jubilee.server.bus.search;

import dev.jubilee.events.TopicPattern;
import dev.jubilee.server.bus.store.StoredText;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Conditions on stored events, as SQL and its values. Not thread-safe. */
public final class EventConditions {
    /** Only a payload in the clear is looked into: what bears the store's mark is Base64. */
    private static final String IS_JSON =
            "(e.content_type IS NULL OR (e.content_type ~* '^[^;]*[/+]json\\s*(;|$)'"
                    + " AND e.content_type NOT LIKE '%"
                    + StoredText.BASE64
                    + "')) AND pg_input_is_valid(e.payload, 'jsonb')";

    private final StringBuilder sql = new StringBuilder();
    private final List<Object> values = new ArrayList<>();

    /** The column has this value; null asks for nothing. */
    public EventConditions equal(String column, @Nullable String value) {
        if (value != null) {
            sql.append(" AND e.").append(column).append(" = ?");
            values.add(value);
        }
        return this;
    }

    /**
     * The column's name is selected by one of the patterns; none asks for nothing.
     *
     * @throws IllegalArgumentException if one is no pattern
     */
    public EventConditions matches(String column, Collection<String> patterns) {
        if (patterns.isEmpty()) {
            return this;
        }
        List<String> literals = new ArrayList<>();
        List<String> regexes = new ArrayList<>();
        for (String pattern : patterns) {
            if (TopicPattern.of(pattern).isLiteral()) {
                literals.add(pattern);
            } else {
                regexes.add(NamePattern.regex(pattern));
            }
        }
        sql.append(" AND (e.").append(column).append(" = ANY (?) OR e.").append(column);
        sql.append(" ~ ANY (?))");
        values.add(literals);
        values.add(regexes);
        return this;
    }

    /** The column has one of the values. */
    public EventConditions in(String column, Collection<String> wanted) {
        sql.append(" AND e.").append(column).append(" = ANY (?)");
        values.add(List.copyOf(wanted));
        return this;
    }

    /** The column has none of the values. */
    public EventConditions notIn(String column, Collection<String> unwanted) {
        if (!unwanted.isEmpty()) {
            sql.append(" AND e.").append(column).append(" <> ALL (?)");
            values.add(List.copyOf(unwanted));
        }
        return this;
    }

    /**
     * The payload contains this JSON, in the sense of PostgreSQL's {@code @>}. What is no JSON
     * contains nothing.
     */
    public EventConditions contains(@Nullable String json) {
        if (json != null) {
            sql.append(
                    " AND CASE WHEN "
                            + IS_JSON
                            + " THEN e.payload::jsonb @> ?::jsonb ELSE false END");
            values.add(json);
        }
        return this;
    }

    /**
     * The payload's field at the path has one of the values.
     *
     * @param json the values, each as JSON
     */
    public EventConditions field(List<String> path, Collection<String> json) {
        sql.append(
                " AND CASE WHEN "
                        + IS_JSON
                        + " THEN e.payload::jsonb #> ? = ANY (?::jsonb[]) ELSE false END");
        values.add(List.copyOf(path));
        values.add(List.copyOf(json));
        return this;
    }

    /** Each condition with an AND before it. */
    public String sql() {
        return sql.toString();
    }

    /** Sets the values, and returns the number of the next one. */
    public int bind(PreparedStatement statement, int from) throws SQLException {
        int next = from;
        for (Object value : values) {
            if (value instanceof List<?> list) {
                statement.setArray(
                        next++, statement.getConnection().createArrayOf("text", list.toArray()));
            } else {
                statement.setString(next++, (String) value);
            }
        }
        return next;
    }
}

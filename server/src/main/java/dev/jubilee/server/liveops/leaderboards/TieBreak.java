package dev.jubilee.server.liveops.leaderboards;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;

/**
 * The order of a ranking as SQL over {@code liveops.event_participations p}: by what the
 * configuration names, in order of weight, and by the participation's id last. The higher score and
 * the earlier time come first. The default order is that of the index {@code
 * participations_ranking}. Immutable.
 */
public final class TieBreak {
    /** Who is ranked at all. */
    public static final String RANKED = "p.reached_at IS NOT NULL AND p.status <> 'cancelled'";

    private static final String SCORE = "score";
    private static final String ID = "id";

    private final List<String> columns;

    private TieBreak(List<String> columns) {
        this.columns = List.copyOf(columns);
    }

    /**
     * @param declared {@code score} and {@code reached_at}, as {@code settings.tie_break} has them;
     *     empty is both in that order
     * @throws IllegalArgumentException when another name is among them
     */
    public static TieBreak of(List<String> declared) {
        SequencedSet<String> columns = new LinkedHashSet<>(declared);
        if (columns.isEmpty()) {
            columns.add(SCORE);
            columns.add("reached_at");
        }
        for (String column : columns) {
            if (!column.equals(SCORE) && !column.equals("reached_at")) {
                throw new IllegalArgumentException("nothing is ranked by " + column);
            }
        }
        columns.add(ID);
        return new TieBreak(List.copyOf(columns));
    }

    /** For an {@code ORDER BY}, the best first. */
    public String order() {
        return order(true);
    }

    /** For an {@code ORDER BY}, the worst first. */
    String reversed() {
        return order(false);
    }

    /** That {@code p} comes before {@code me}. */
    String before() {
        return compared(true);
    }

    /** That {@code p} comes after {@code me}. */
    String after() {
        return compared(false);
    }

    private String order(boolean bestFirst) {
        List<String> parts = new ArrayList<>();
        for (String column : columns) {
            boolean descending = column.equals(SCORE) == bestFirst;
            parts.add("p." + column + (descending ? " DESC" : ""));
        }
        return String.join(", ", parts);
    }

    private String compared(boolean before) {
        List<String> cases = new ArrayList<>();
        StringBuilder equalSoFar = new StringBuilder();
        for (String column : columns) {
            cases.add("(" + equalSoFar + comparison(column, before, "") + ")");
            equalSoFar.append("p.%s = me.%s AND ".formatted(column, column));
        }
        // The first comparison stands alone as well, so that the index is entered at the right
        // place.
        return comparison(columns.getFirst(), before, "=")
                + " AND ("
                + String.join(" OR ", cases)
                + ")";
    }

    private static String comparison(String column, boolean before, String orEqual) {
        String sign = column.equals(SCORE) == before ? ">" : "<";
        return "p.%s %s%s me.%s".formatted(column, sign, orEqual, column);
    }
}

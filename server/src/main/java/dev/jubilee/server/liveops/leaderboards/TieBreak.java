package dev.jubilee.server.liveops.leaderboards;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The order of a ranking as SQL over {@code liveops.event_participations p}: by what the
 * configuration names, in order of weight, and by the participation's id last. The higher score and
 * the earlier time come first.
 *
 * @param columns of the participation
 */
public record TieBreak(List<String> columns) {
    /** The condition under which a participation is ranked. */
    public static final String RANKED = "p.reached_at IS NOT NULL AND p.status <> 'cancelled'";

    private static final String SCORE = "score";
    private static final String ID = "id";

    private static final Set<String> COLUMNS = Set.of(SCORE, "reached_at", ID);

    public TieBreak {
        columns = List.copyOf(columns);
        for (String column : columns) {
            if (!COLUMNS.contains(column)) {
                throw new IllegalArgumentException("nothing is ranked by " + column);
            }
        }
    }

    /**
     * @param declared {@code score} and {@code reached_at}, as {@code settings.tie_break} has them;
     *     the score comes first where it is not named, and the time is what breaks ties by default
     * @throws IllegalArgumentException when another name is among them
     */
    public static TieBreak of(List<String> declared) {
        SequencedSet<String> columns = new LinkedHashSet<>(declared);
        if (columns.isEmpty()) {
            columns.add("reached_at");
        }
        if (!columns.contains(SCORE)) {
            columns.addFirst(SCORE);
        }
        columns.add(ID);
        return new TieBreak(List.copyOf(columns));
    }

    /** For an {@code ORDER BY}, the best first. */
    public String order() {
        return columns.stream()
                .map(column -> "p." + column + (column.equals(SCORE) ? " DESC" : ""))
                .collect(Collectors.joining(", "));
    }
}

package dev.jubilee.server.liveops.progress;

import dev.jubilee.server.conditions.Expression;
import dev.jubilee.server.conditions.Variable;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rules.ProgressRule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** Which occurrences have rules for which event types. For one thread. */
final class RuleIndex {
    /** Types are an open set; beyond this the memory of past ones is dropped. */
    private static final int MAX_TYPES = 10_000;

    /**
     * The rules of one occurrence for one event type.
     *
     * @param needsData whether one of them looks into the payload
     * @param needsProgress whether one of them looks at the metrics: what counts then depends on
     *     what others may have written
     * @param needsPlayer whether one of them, or coming in by itself, looks at the player
     */
    record Binding(
            Occurrence occurrence,
            List<ProgressRule> rules,
            boolean needsData,
            boolean needsProgress,
            boolean needsPlayer) {
        static Binding of(Occurrence occurrence, List<ProgressRule> rules) {
            return new Binding(
                    occurrence,
                    rules,
                    rules.stream().anyMatch(rule -> uses(rule, Variable.DATA)),
                    rules.stream().anyMatch(rule -> uses(rule, Variable.PROGRESS)),
                    rules.stream().anyMatch(rule -> uses(rule, Variable.PLAYER))
                            || looksAtPlayers(occurrence));
        }

        private static boolean uses(ProgressRule rule, Variable variable) {
            return rule.value().uses().contains(variable)
                    || (rule.when() != null && rule.when().uses().contains(variable));
        }

        private static boolean looksAtPlayers(Occurrence occurrence) {
            Stream<Expression> all =
                    Stream.of(
                            occurrence.rules().requirement(),
                            occurrence.rules().completeWhen(),
                            occurrence.rules().score());
            Stream<Expression> milestones =
                    occurrence.rules().rewards().stream().map(reward -> reward.when());
            return Stream.concat(all, milestones)
                    .filter(Objects::nonNull)
                    .anyMatch(expression -> expression.uses().contains(Variable.PLAYER));
        }
    }

    private final List<Occurrence> occurrences;
    private final Map<String, List<Binding>> byType = new HashMap<>();

    RuleIndex(List<Occurrence> open) {
        this.occurrences =
                open.stream()
                        .filter(occurrence -> !occurrence.rules().progress().isEmpty())
                        .toList();
    }

    /** Empty when no rule names this type. */
    List<Binding> of(String type) {
        List<Binding> known = byType.get(type);
        if (known == null) {
            if (byType.size() >= MAX_TYPES) {
                byType.clear();
            }
            known = find(type);
            byType.put(type, known);
        }
        return known;
    }

    private List<Binding> find(String type) {
        List<Binding> found = new ArrayList<>();
        for (Occurrence occurrence : occurrences) {
            List<ProgressRule> rules =
                    occurrence.rules().progress().stream()
                            .filter(rule -> rule.on().matches(type))
                            .toList();
            if (!rules.isEmpty()) {
                found.add(Binding.of(occurrence, rules));
            }
        }
        return List.copyOf(found);
    }
}

package dev.jubilee.bench;

import java.util.ArrayList;
import java.util.List;

/** What came of one scenario. */
public record Outcome(String scenario, List<Figure> figures, List<Finding> findings) {
    public Outcome {
        figures = List.copyOf(figures);
        findings = List.copyOf(findings);
    }

    /** Whether every answer was right. */
    public boolean right() {
        return findings.stream().allMatch(Finding::holds);
    }

    /** Whether every floor was held. */
    public boolean fastEnough() {
        return figures.stream().allMatch(Figure::holds);
    }

    /** Collects an outcome line by line. Not thread-safe. */
    public static final class Notes {
        private final List<Figure> figures = new ArrayList<>();
        private final List<Finding> findings = new ArrayList<>();

        public Notes figure(Figure figure) {
            figures.add(figure);
            return this;
        }

        public Notes finding(Finding finding) {
            findings.add(finding);
            return this;
        }

        public Outcome of(String scenario) {
            return new Outcome(scenario, figures, findings);
        }
    }
}

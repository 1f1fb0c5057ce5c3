package dev.jubilee.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Tells outcomes to people and to programs. */
final class Report {
    private Report() {}

    static void print(PrintStream out, Outcome outcome) {
        out.printf("%n%s%n", outcome.scenario());
        for (Figure figure : outcome.figures()) {
            out.printf(
                    "  %-44s %16s  %-18s %s%n",
                    figure.name(),
                    figure.text(),
                    figure.limit(),
                    figure.limit().isEmpty() ? "" : figure.holds() ? "✓" : "✗");
        }
        for (Finding finding : outcome.findings()) {
            out.printf("  %s %s%n", finding.holds() ? "✓" : "✗ WRONG ANSWERS:", finding);
        }
    }

    static void write(Path file, Instant at, List<String> machine, List<Outcome> outcomes) {
        List<Map<String, Object>> scenarios = new ArrayList<>();
        for (Outcome outcome : outcomes) {
            List<Map<String, Object>> figures = new ArrayList<>();
            for (Figure figure : outcome.figures()) {
                Map<String, Object> line = new LinkedHashMap<>();
                line.put("name", figure.name());
                line.put("value", figure.value());
                line.put("unit", figure.unit());
                switch (figure.bound()) {
                    case Figure.Bound.AtLeast(double limit) -> line.put("at_least", limit);
                    case Figure.Bound.Below(double limit) -> line.put("below", limit);
                    case Figure.Bound.Told() -> {}
                }
                line.put("holds", figure.holds());
                figures.add(line);
            }
            List<Map<String, Object>> findings = new ArrayList<>();
            for (Finding finding : outcome.findings()) {
                findings.add(
                        Map.of(
                                "what", finding.what(),
                                "least", finding.least(),
                                "most", finding.most(),
                                "found", finding.found(),
                                "holds", finding.holds()));
            }
            Map<String, Object> scenario = new LinkedHashMap<>();
            scenario.put("scenario", outcome.scenario());
            scenario.put("figures", figures);
            scenario.put("findings", findings);
            scenarios.add(scenario);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("at", at.toString());
        all.put("machine", machine);
        all.put("scenarios", scenarios);
        JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
        try {
            Files.write(file, mapper.writeValueAsBytes(all));
        } catch (IOException e) {
            throw new BenchException("Cannot write " + file + ": " + e, e);
        }
    }
}

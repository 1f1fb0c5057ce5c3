package dev.jubilee.bench;

import dev.jubilee.bench.client.Platform;
import dev.jubilee.bench.client.PlatformException;
import dev.jubilee.bench.client.PlatformOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code ./jubilee bench}. Exits with 3 when the platform gave wrong answers, 1 when a floor was
 * missed, 2 when there was nothing to measure.
 */
@Command(
        name = "jubilee bench",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true,
        description = {
            "",
            "Measures a running platform, each scenario beside its yardstick in the same run, and checks that the"
                    + " answers were right.",
            "",
            "It runs against `./jubilee up` with its embedded servers, publishes to topics, and makes live events,"
                    + " players and subscriptions, whose names begin with bench. Subscriptions and what they are owed"
                    + " are taken away again. docs/performance.md explains every figure.",
            ""
        })
public final class Bench implements Callable<Integer> {
    private static final int SLOW = 1;
    private static final int WRONG = 3;

    @Parameters(
            paramLabel = "SCENARIO",
            arity = "0..*",
            completionCandidates = Scenarios.Names.class,
            description =
                    "what to measure; everything when none is named: ${COMPLETION-CANDIDATES}")
    private List<String> names = new ArrayList<>();

    @Option(
            names = "--duration",
            paramLabel = "TIME",
            defaultValue = "10s",
            description = "how long each phase lasts, such as 10s or 1m (${DEFAULT-VALUE})")
    private String duration = "10s";

    @Option(
            names = "--rate",
            paramLabel = "N",
            description =
                    "operations a second of the steady phases, instead of each scenario's own")
    private @Nullable Integer rate;

    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "64",
            description =
                    "of the load generator; joins and claims take four times as many (${DEFAULT-VALUE})")
    private int connections;

    @Option(names = "--json", paramLabel = "FILE", description = "write the outcome there as well")
    private @Nullable Path json;

    @Option(
            names = "--up",
            description = "start a platform for this run, in a folder and on ports of its own")
    private boolean up;

    @Mixin private final PlatformOptions where = new PlatformOptions();

    private final InstantSource clock;
    private final PrintStream out;
    private final PrintStream progress;

    Bench(InstantSource clock, PrintStream out, PrintStream progress) {
        this.clock = clock;
        this.out = out;
        this.progress = progress;
    }

    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.exit(
                new CommandLine(new Bench(InstantSource.system(), out, System.err))
                        .setExecutionExceptionHandler((e, line, result) -> {
                            System.err.println("jubilee bench: " + Bench.reason(e));
                            return 2;
                        })
                        .execute(arguments));
    }

    private static String reason(Exception e) {
        return e instanceof BenchException || e instanceof PlatformException
                ? String.valueOf(e.getMessage())
                : e.toString();
    }

    @Override
    public Integer call() {
        Map<String, Scenario> wanted = Scenarios.named(names);
        Duration each = Durations.parse(duration);
        Path folder = scratch();
        try {
            if (up) {
                try (OwnPlatform own = OwnPlatform.start(folder)) {
                    return measure(wanted, each, folder, own.connect(), own.home());
                }
            }
            return measure(wanted, each, folder, where.connect(), where.home());
        } finally {
            delete(folder);
        }
    }

    private int measure(
            Map<String, Scenario> wanted,
            Duration each,
            Path folder,
            Platform platform,
            Path home) {
        Instant now = clock.instant();
        List<String> machine = Machine.describe();
        machine.forEach(line -> out.println("  " + line));
        List<Outcome> outcomes = new ArrayList<>();
        try (platform;
                Stand stand =
                        new Stand(
                                platform,
                                Installation.in(home),
                                Wrk.in(folder, connections),
                                folder,
                                each,
                                rate == null ? OptionalInt.empty() : OptionalInt.of(rate),
                                Long.toString(now.getEpochSecond(), Character.MAX_RADIX),
                                progress)) {
            wanted.forEach((name, scenario) -> {
                progress.println(name);
                Outcome outcome = scenario.run(stand);
                Report.print(out, outcome);
                outcomes.add(outcome);
            });
        }
        if (json != null) {
            Report.write(json, now, machine, outcomes);
        }
        return verdict(outcomes);
    }

    private int verdict(List<Outcome> outcomes) {
        long wrong = outcomes.stream().filter(outcome -> !outcome.right()).count();
        long slow = outcomes.stream().filter(outcome -> !outcome.fastEnough()).count();
        out.println();
        if (wrong > 0) {
            out.printf(
                    "WRONG ANSWERS in %d of %d scenarios: their speed means nothing.%n",
                    wrong, outcomes.size());
            return WRONG;
        }
        out.printf(
                "All answers were right. %s%n",
                slow == 0
                        ? "Every floor was held."
                        : "%d of %d scenarios missed a floor.".formatted(slow, outcomes.size()));
        return slow == 0 ? 0 : SLOW;
    }

    private static Path scratch() {
        try {
            return Files.createTempDirectory("jubilee-bench");
        } catch (IOException e) {
            throw new BenchException("No temporary folder: " + e, e);
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (IOException e) {
            System.err.println("jubilee bench: left " + folder + " behind: " + e);
        }
    }
}

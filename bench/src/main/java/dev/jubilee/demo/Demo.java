package dev.jubilee.demo;

import dev.jubilee.bench.client.Platform;
import dev.jubilee.bench.client.PlatformException;
import dev.jubilee.bench.client.PlatformOptions;
import dev.jubilee.demo.GamePlan.Parcel;
import dev.jubilee.demo.GamePlan.Player;
import dev.jubilee.demo.Reconciliation.Check;
import java.io.Console;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code ./jubilee demo}. Exits with 1 when the books do not balance, and 2 when it cannot play.
 */
@Command(
        name = "jubilee demo",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true,
        description = {
            "",
            "Plays a game on a running platform, through its public API only, and reconciles what came of it.",
            "",
            "It makes the live event \"Boss Rush\", with fewer places and fewer rewards than players who want"
                    + " them. Part of the events is published twice; part of the joins and claims is sent twice at"
                    + " the same moment. Each run has an event and players of its own.",
            ""
        })
public final class Demo implements Callable<Integer> {
    private static final String TOPIC = "game.events";

    @Option(
            names = "--players",
            paramLabel = "N",
            defaultValue = "5000",
            description = "how many try to join (${DEFAULT-VALUE})")
    private int players;

    @Option(
            names = "--matches",
            paramLabel = "N",
            description = "over how many matches they are spread (one for ten players)")
    private @Nullable Integer matches;

    @Option(
            names = "--duration",
            paramLabel = "SECONDS",
            defaultValue = "0",
            description =
                    "spread the matches over this time (${DEFAULT-VALUE}: as fast as it goes)")
    private int seconds;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "play the same game again; the event is still a new one")
    private @Nullable Long seed;

    @Mixin private final PlatformOptions where = new PlatformOptions();

    /** By how much the platform's clock may be behind this one. */
    private static final Duration SLACK = Duration.ofMinutes(1);

    private final InstantSource clock;
    private final PrintStream out;

    Demo(InstantSource clock, PrintStream out) {
        this.clock = clock;
        this.out = out;
    }

    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.exit(
                new CommandLine(new Demo(InstantSource.system(), out))
                        .setExecutionExceptionHandler((e, line, result) -> {
                            System.err.println("jubilee demo: " + Demo.reason(e));
                            return 2;
                        })
                        .execute(arguments));
    }

    private static String reason(Exception e) {
        return e instanceof PlatformException ? String.valueOf(e.getMessage()) : e.toString();
    }

    @Override
    public Integer call() {
        Instant now = clock.instant();
        long run = now.getEpochSecond();
        GamePlan plan =
                new GamePlan(
                        seed == null ? run : seed,
                        players,
                        matches == null ? Math.max(1, players / 10) : matches);
        try (Platform platform = where.connect()) {
            long start = System.nanoTime();
            List<Check> checks = play(platform, plan, "boss_rush_" + run, now);
            return report(checks, Duration.ofNanos(System.nanoTime() - start));
        }
    }

    private List<Check> play(Platform platform, GamePlan plan, String eventId, Instant now) {
        out.printf(
                "%nBoss Rush: %,d players, %,d places. Live event %s, topic %s.%n%n",
                plan.players().size(), plan.capacity(), eventId, TOPIC);
        Books books = new Books();
        Stage stage = new Stage(out, watched());
        LiveEvent.topic(platform, TOPIC);
        LiveEvent event = new LiveEvent(platform, eventId);
        event.create(plan, now);
        GameServers servers = new GameServers(platform, books, TOPIC, eventId);
        Game game = new Game(platform, plan, event, servers, books, stage);
        game.prepare();
        game.join();
        List<Player> champions = plan.champions(books.admitted());
        game.fight(champions, Duration.ofSeconds(seconds));
        game.end(champions);
        game.claim(champions);
        Observed observed =
                new Observer(platform, stage, eventId, TOPIC, now.minus(SLACK))
                        .look(books.eventIds(), plan.players().stream().map(Player::id).toList());
        out.printf(
                "%n  %,d events happened and were sent %,d times; %,d attempts to join were turned away.%n",
                books.meant(), books.sent(), books.tallied(Game.TURNED_AWAY));
        List<Player> finale =
                plan.finale(champions).stream()
                        .map(Parcel::kills)
                        .map(kills -> kills.getFirst().player())
                        .toList();
        return Reconciliation.of(plan, books, finale, observed);
    }

    private static boolean watched() {
        return Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    }

    private int report(List<Check> checks, Duration took) {
        out.printf("%n  %-52s %10s %10s%n", "", "expected", "found");
        for (Check check : checks) {
            out.printf(
                    "  %-52s %,10d %,10d  %s%n",
                    check.what(), check.expected(), check.found(), check.holds() ? "✓" : "✗");
        }
        long broken = checks.stream().filter(check -> !check.holds()).count();
        out.printf(
                "%n  %s in %.1f s.%n%n",
                broken == 0
                        ? "Everything reconciles"
                        : broken + " of " + checks.size() + " do NOT reconcile",
                took.toMillis() / 1000.0);
        return broken == 0 ? 0 : 1;
    }
}

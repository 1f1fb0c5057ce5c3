package dev.jubilee.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Tokens of players whom nobody else uses. */
final class Tokens {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final Stand stand;
    private final List<String> tokens = new ArrayList<>();
    private int rounds;

    Tokens(Stand stand) {
        this.stand = stand;
    }

    List<String> atLeast(int count) {
        int missing = count - tokens.size();
        if (missing > 0) {
            stand.say("asking for %,d player tokens".formatted(missing));
            mint(missing);
        }
        return tokens.subList(0, count);
    }

    private void mint(int count) {
        Path out = stand.folder().resolve("tokens-" + rounds++);
        Load load =
                Load.mint(
                        stand.platform().liveops(),
                        stand.platform().adminKey(),
                        count,
                        out,
                        "bench-" + stand.run() + "-" + rounds);
        long before = tokens.size();
        // wrk runs for a stated time even when there is nothing left to do, so ask in short turns.
        long end = System.nanoTime() + PATIENCE.toNanos();
        int turn = 0;
        while (tokens.size() - before < count && System.nanoTime() < end) {
            int left = count - (int) (tokens.size() - before);
            LoadResult result =
                    stand.wrk()
                            .saturate(
                                    load.with("count", Integer.toString(left))
                                            .with(
                                                    "run",
                                                    "bench-%s-%d-%d"
                                                            .formatted(
                                                                    stand.run(), rounds, turn++)),
                                    Duration.ofSeconds(Math.clamp(left / 20_000, 1, 10)));
            if (result.good() == 0) {
                throw new BenchException(
                        "POST /tokens gives no tokens: "
                                + stand.platform()
                                        .post("/tokens", java.util.Map.of("user_id", "bench")));
            }
            read(out);
        }
        if (tokens.size() - before < count) {
            throw new BenchException("POST /tokens is too slow: only " + tokens.size() + " tokens");
        }
    }

    private void read(Path file) {
        try {
            for (String line : Files.readAllLines(file)) {
                // The last line may be cut off where the generator stopped.
                if (line.chars().filter(c -> c == '.').count() == 2) {
                    tokens.add(line);
                }
            }
        } catch (IOException e) {
            throw new BenchException("Cannot read " + file + ": " + e, e);
        }
    }
}

package dev.jubilee.server.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PostgresBinariesTest {
    @Test
    void twoThatUnpackAtOnceFindOneFolder(@TempDir Path folder) throws Exception {
        CyclicBarrier together = new CyclicBarrier(2);
        CompletableFuture<Path> one = unpack(folder, together);
        CompletableFuture<Path> two = unpack(folder, together);

        assertThat(one.get(2, TimeUnit.MINUTES)).isEqualTo(two.get(2, TimeUnit.MINUTES));

        assertThat(one.join().resolve("bin/postgres")).isExecutable();
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(one.join());
        }
    }

    private static CompletableFuture<Path> unpack(Path folder, CyclicBarrier together) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        together.await(2, TimeUnit.MINUTES);
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                    return PostgresBinaries.in(folder);
                },
                task -> Thread.ofPlatform().start(task));
    }
}

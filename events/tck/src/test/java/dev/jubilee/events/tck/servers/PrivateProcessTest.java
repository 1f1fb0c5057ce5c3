package dev.jubilee.events.tck.servers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrivateProcessTest {
    @TempDir private Path folder;

    @Test
    void itEndsWithUsAlsoWhenWeAreInterrupted() throws Exception {
        Set<ProcessHandle> before = children();
        PrivateProcess sleeping = PrivateProcess.start(List.of("sleep", "1000"), Map.of(), folder);
        ProcessHandle shell =
                children().stream()
                        .filter(child -> !before.contains(child))
                        .findAny()
                        .orElseThrow();
        Await.until("it sleeps", () -> sleeper(shell).findAny().isPresent());
        ProcessHandle program = sleeper(shell).findAny().orElseThrow();

        for (String signal : List.of("-INT", "-TERM", "-HUP")) {
            new ProcessBuilder("kill", signal, Long.toString(shell.pid())).start().waitFor();
        }
        sleeping.kill();

        Await.until("it has ended", () -> !program.isAlive());
        assertThat(shell.isAlive()).isFalse();
    }

    private static Stream<ProcessHandle> sleeper(ProcessHandle shell) {
        return shell.children()
                .filter(child -> child.info().command().orElse("").endsWith("/sleep"));
    }

    private static Set<ProcessHandle> children() {
        return ProcessHandle.current().children().collect(Collectors.toSet());
    }
}

package dev.jubilee.server.bus.subscriptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretBoxTest {
    @TempDir private Path home;

    @Test
    void theKeyIsMadeOnceAndForItsOwnerAlone() throws IOException {
        String sealed = SecretBox.open(home, null).seal("text", "it");

        assertThat(SecretBox.open(home, null).open(sealed, "it")).isEqualTo("text");
        assertThat(Files.getPosixFilePermissions(home.resolve("secret.key")).toString())
                .doesNotContain("GROUP", "OTHERS");
        try (Stream<Path> files = Files.list(home)) {
            assertThat(files).containsExactly(home.resolve("secret.key"));
        }
    }

    @Test
    void aFileThatHoldsNoKeyIsNamed() throws IOException {
        Files.createFile(home.resolve("secret.key"));

        assertThatThrownBy(() -> SecretBox.open(home, null))
                .hasMessageContaining("secret.key")
                .hasMessageContaining("32 bytes");
    }
}

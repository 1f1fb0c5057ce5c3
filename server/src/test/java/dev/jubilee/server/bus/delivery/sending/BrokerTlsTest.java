package dev.jubilee.server.bus.delivery.sending;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.testing.SelfSigned;
import dev.jubilee.server.testing.TlsProxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BrokerTlsTest {
    private static final String ON = "REDIS_TLS_ENABLED";
    private static final String FILE = "REDIS_TLS_CA_FILE";

    @TempDir Path folder;

    /** What believes those in the file alone. */
    static BrokerTls believing(Path authorities) {
        return Objects.requireNonNull(read(Map.of(ON, "true", FILE, authorities.toString())));
    }

    /** What believes those whom everybody does. */
    static BrokerTls believing() {
        return Objects.requireNonNull(read(Map.of(ON, "true")));
    }

    /** TLS at the address, in front of the server. */
    static TlsProxy proxy(SelfSigned certificate, String address, String server) throws Exception {
        URI uri = URI.create(server);
        return new TlsProxy(certificate, address, uri.getHost(), uri.getPort());
    }

    private static @Nullable BrokerTls read(Map<String, String> given) {
        SettingsReader reader = new SettingsReader(new HashMap<>(given));
        BrokerTls tls = BrokerTls.from(reader, "REDIS");
        reader.check();
        return tls;
    }

    @Test
    void itIsOffUnlessAsked() {
        assertThat(read(Map.of())).isNull();
    }

    @Test
    void aFileThatHoldsNoCertificateIsRefusedByTheNameOfItsSetting() throws Exception {
        String missing = folder.resolve("missing.pem").toString();
        String empty = Files.createFile(folder.resolve("empty.pem")).toString();
        String garbage = Files.writeString(folder.resolve("garbage.pem"), "no PEM").toString();
        for (String file : new String[] {missing, empty, garbage, folder.toString()}) {
            assertThatThrownBy(() -> read(Map.of(ON, "true", FILE, file)))
                    .hasMessageContaining(FILE)
                    .hasMessageContaining(file)
                    .hasMessageContaining("a PEM file of certificates");
        }
    }

    @Test
    void aFileWithoutTlsIsRefused() {
        assertThatThrownBy(() -> read(Map.of(FILE, "/ca.pem"))).hasMessageContaining(ON);
    }
}

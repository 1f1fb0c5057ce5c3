package dev.jubilee.server.bus.publish;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.json.JsonFactory;

class PayloadScanTest {
    private static final String TEXT = "{\"player_id\":\"ada\"}";

    private final JsonFactory json = new JsonFactory();

    @Test
    void jsonInUtf8HasNoFault() {
        assertThat(PayloadScan.of(json, TEXT.getBytes(UTF_8)).fault()).isNull();
        assertThat(PayloadScan.of(json, "\"ü\"".getBytes(UTF_8)).fault()).isNull();
        assertThat(PayloadScan.of(json, "1".getBytes(UTF_8)).fault()).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-16LE", "UTF-16BE", "UTF-16", "UTF-32LE", "UTF-32BE"})
    void jsonInAnotherEncodingIsRefused(String encoding) {
        assertThat(PayloadScan.of(json, TEXT.getBytes(Charset.forName(encoding))).fault())
                .contains("UTF-8");
    }

    @Test
    void jsonBehindAByteOrderMarkIsRefused() {
        assertThat(PayloadScan.of(json, ("\uFEFF" + TEXT).getBytes(UTF_8)).fault())
                .isEqualTo("must be JSON in UTF-8, without a byte order mark");
    }
}

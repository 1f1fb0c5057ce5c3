package dev.jubilee.server.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;

class JsonTest {
    @Test
    void aFaultIsNamedWithoutTheParsersInnerNames() {
        for (String document : new String[] {"{", "{\"a\": [1,", "[".repeat(1_000), "{\"a\": tru"}) {
            assertThat(faultOf(document))
                    .isNotBlank()
                    .doesNotContain("Source", "StreamRead", "REDACTED", "UNKNOWN", "`");
        }
        assertThat(faultOf("{")).contains("Unexpected end-of-input");
        assertThat(faultOf("[".repeat(1_000))).contains("nesting depth (501)", "(500)");
    }

    private static String faultOf(String document) {
        byte[] bytes = document.getBytes(StandardCharsets.UTF_8);
        return Json.fault(catchThrowableOfType(JacksonException.class, () -> Json.tree(bytes)));
    }
}

package dev.jubilee.server.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamConstraintsException;

class JsonTest {
    @Test
    void aFaultIsNamedWithoutTheParsersInnerNames() {
        for (String document :
                new String[] {"{", "{\"a\": [1,", "[".repeat(1_000), "{\"a\": tru"}) {
            assertThat(faultOf(document))
                    .isNotBlank()
                    .doesNotContain("Source", "StreamRead", "REDACTED", "UNKNOWN", "`");
        }
        assertThat(faultOf("{")).contains("Unexpected end-of-input");
        assertThat(faultOf("[".repeat(1_000))).contains("nesting depth (501)", "(500)");
    }

    @Test
    void whatSomebodySentHasABoundedNumberOfTokens() {
        assertThat(Json.foreignTree(objects(99_997)).path("x")).hasSize(99_997);
        JacksonException refused =
                catchThrowableOfType(
                        StreamConstraintsException.class, () -> Json.foreignTree(objects(99_998)));
        assertThat(Json.fault(refused))
                .isEqualTo("Token count (200001) exceeds the maximum allowed (200000)");
        assertThat(Json.tree(objects(99_998)).path("x")).hasSize(99_998);
    }

    /** An object of five tokens more than these have. */
    private static byte[] objects(int count) {
        return ("{\"x\":[" + "{},".repeat(count - 1) + "{}]}").getBytes(StandardCharsets.UTF_8);
    }

    private static String faultOf(String document) {
        byte[] bytes = document.getBytes(StandardCharsets.UTF_8);
        return Json.fault(catchThrowableOfType(JacksonException.class, () -> Json.tree(bytes)));
    }
}

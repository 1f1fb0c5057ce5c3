package dev.jubilee.server.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The judge is judged: a contract that finds nothing wrong would prove nothing. */
class ContractClientTest {
    private static final Contract CONTRACT = Contract.liveops();
    private static final String TOKEN =
            """
            {"token":"t","token_type":"Bearer","user_id":"ann","expires_at":"2026-01-01T00:00:00Z",
             "expires_in":60}
            """;

    private static List<String> faults(
            @Nullable String sent, int status, String type, String body) {
        return CONTRACT.faults(
                "POST",
                "/tokens",
                sent == null ? null : Json.tree(sent),
                status,
                type,
                body.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void anAnswerThatFitsIsFine() {
        assertThat(faults("{\"user_id\":\"ann\"}", 201, "application/json", TOKEN)).isEmpty();
    }

    @Test
    void aStatusThatIsNotDeclaredIsAFault() {
        assertThat(faults(null, 202, "application/json", TOKEN)).hasSize(1);
    }

    @Test
    void aFieldTooFewOrTooManyOrOfAnotherKindIsAFault() {
        for (String body :
                List.of(
                        TOKEN.replace("\"expires_in\":60", "\"more\":1,\"expires_in\":60"),
                        TOKEN.replace("\"user_id\":\"ann\",", ""),
                        TOKEN.replace("60}", "\"60\"}"),
                        TOKEN.replace("2026-01-01T00:00:00Z", "yesterday"))) {
            assertThat(faults(null, 201, "application/json", body)).as(body).isNotEmpty();
        }
    }

    @Test
    void anotherMediaTypeIsAFault() {
        assertThat(faults(null, 201, "text/plain", TOKEN)).hasSize(1);
    }

    @Test
    void aRequestThatWasAcceptedAgainstItsSchemaIsAFault() {
        assertThat(faults("{\"user_id\":1}", 201, "application/json", TOKEN)).hasSize(1);
        assertThat(faults("{\"user_id\":\"a\",\"x\":1}", 201, "application/json", TOKEN))
                .hasSize(1);
    }

    @Test
    void anOperationThatIsNotInTheDocumentIsAFaultUnlessItIsRefused() {
        byte[] nothing = {};
        assertThat(CONTRACT.faults("GET", "/secret", null, 200, "", nothing)).hasSize(1);
        assertThat(CONTRACT.faults("GET", "/secret", null, 404, "", nothing)).isEmpty();
    }
}

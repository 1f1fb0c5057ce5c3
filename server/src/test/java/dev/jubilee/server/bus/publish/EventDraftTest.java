package dev.jubilee.server.bus.publish;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

class EventDraftTest {
    @Test
    void ofManyFaultsAHundredAreKept() {
        byte[] document =
                IntStream.range(0, 1_000)
                        .mapToObj(i -> "\"f" + i + "\":0")
                        .collect(Collectors.joining(",", "{", "}"))
                        .getBytes(StandardCharsets.UTF_8);
        EventDraft draft = new EventDraft(document, EventReader.Kind.EITHER);
        try (JsonParser parser =
                new JsonFactory().createParser(ObjectReadContext.empty(), document)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                draft.read(name, parser);
            }
        }

        assertThat(draft.faults()).hasSize(100);
    }
}

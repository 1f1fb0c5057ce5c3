package dev.jubilee.server.bus.publish;

import dev.jubilee.server.http.Problem;
import java.io.ByteArrayOutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Writes what publishing answers, straight to bytes. */
final class PublishAnswers {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int TYPICAL_SIZE = 160;

    private PublishAnswers() {}

    /** The answer to one event. */
    static byte[] one(Receipt receipt, int partition, long offset) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(TYPICAL_SIZE);
        try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
            published(json, receipt, partition, offset);
        }
        return out.toByteArray();
    }

    /** The answer to a batch: a result for each event, in order. */
    static byte[] batch(List<Receipt> items, InFlightPublish done) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(TYPICAL_SIZE * (items.size() + 1));
        try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
            json.writeStartObject();
            int published = results(json, items, done);
            json.writeNumberProperty("published", published);
            json.writeNumberProperty("failed", items.size() - published);
            json.writeEndObject();
        }
        return out.toByteArray();
    }

    private static int results(JsonGenerator json, List<Receipt> items, InFlightPublish done) {
        json.writeArrayPropertyStart("results");
        int sent = 0;
        int published = 0;
        for (Receipt item : items) {
            Problem refusal = item.refusal();
            if (refusal != null) {
                refused(json, item.eventId(), item.topic(), refusal);
                continue;
            }
            PublishException failure = done.failure(sent);
            if (failure == null) {
                published(json, item, done.partition(sent), done.offset(sent));
                published++;
            } else {
                refused(json, item.eventId(), item.topic(), PublishRoutes.problem(failure));
            }
            sent++;
        }
        json.writeEndArray();
        return published;
    }

    private static void published(JsonGenerator json, Receipt receipt, int partition, long offset) {
        json.writeStartObject();
        json.writeStringProperty("event_id", receipt.eventId());
        json.writeStringProperty("topic", receipt.topic());
        json.writeNumberProperty("partition", partition);
        json.writeNumberProperty("offset", offset);
        json.writeBooleanProperty("published", true);
        json.writeEndObject();
    }

    private static void refused(
            JsonGenerator json, @Nullable String eventId, @Nullable String topic, Problem problem) {
        json.writeStartObject();
        if (eventId != null) {
            json.writeStringProperty("event_id", eventId);
        }
        if (topic != null) {
            json.writeStringProperty("topic", topic);
        }
        json.writeBooleanProperty("published", false);
        json.writeObjectPropertyStart("error");
        json.writeNumberProperty("status", problem.status());
        json.writeStringProperty("code", problem.code());
        json.writeStringProperty("detail", problem.detail());
        if (!problem.errors().isEmpty()) {
            json.writeArrayPropertyStart("errors");
            for (Problem.FieldError error : problem.errors()) {
                json.writeStartObject();
                json.writeStringProperty("field", error.field());
                json.writeStringProperty("message", error.message());
                json.writeEndObject();
            }
            json.writeEndArray();
        }
        json.writeEndObject();
        json.writeEndObject();
    }
}

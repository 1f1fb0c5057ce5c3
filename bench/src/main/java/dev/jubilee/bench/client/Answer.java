package dev.jubilee.bench.client;

import tools.jackson.databind.JsonNode;

/**
 * What the platform answered.
 *
 * @param status the HTTP status
 * @param body the JSON document; a missing node when there was none
 */
public record Answer(int status, JsonNode body) {
    public boolean ok() {
        return status >= 200 && status < 300;
    }

    /** This answer if it is a 2xx. */
    public Answer expect(String what) {
        if (!ok()) {
            throw new PlatformException(what + " was answered " + this);
        }
        return this;
    }

    /** The text of a field; empty when it is not there. */
    public String text(String field) {
        return body.path(field).asString("");
    }

    @Override
    public String toString() {
        String code = text("code");
        String detail = text("detail");
        return status
                + (code.isEmpty() ? "" : " " + code)
                + (detail.isEmpty() ? "" : ": " + detail)
                + (body.has("errors") ? " " + body.get("errors") : "");
    }
}

package dev.jubilee.server.players;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.json.Numbers;
import dev.jubilee.server.security.Access;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The HTTP face of players. */
public final class PlayerRoutes implements Routes {
    private static final int MAX_LEVEL = 1_000_000;
    private static final int MAX_SEGMENT = 64;
    private static final int MAX_ATTRIBUTES = 100;

    private final Players players;
    private final Idempotency idempotency;

    public PlayerRoutes(Players players, Idempotency idempotency) {
        this.players = players;
        this.idempotency = idempotency;
    }

    @Override
    public void on(Router router) {
        router.put("/users/{user_id}", Access.SERVICE, this::put)
                .get("/users/{user_id}", Access.PLAYER, this::get);
    }

    private Reply put(Call call) {
        String userId = call.pathPlayer("user_id");
        Input input = call.input();
        Long level = input.optionalInteger("level", 0, MAX_LEVEL);
        String segment = input.optionalText("segment", MAX_SEGMENT);
        JsonNode attributes = input.optionalObject("attributes");
        if (attributes != null && attributes.size() > MAX_ATTRIBUTES) {
            input.reject("attributes", "must have at most " + MAX_ATTRIBUTES + " fields");
        }
        if (attributes != null && !Numbers.areFinite(attributes)) {
            input.reject("attributes", "must have no number that exceeds a double, such as 1e400");
        }
        input.check();
        @Nullable Integer given = level == null ? null : Math.toIntExact(level);
        Reply reply =
                idempotency.once(
                        call,
                        connection ->
                                Reply.ok(
                                        players.put(
                                                connection, userId, given, segment, attributes)));
        players.forget(userId);
        return reply;
    }

    private Reply get(Call call) {
        String userId = call.path("user_id");
        call.mustMaySee(userId);
        Player player = players.read(userId);
        if (player == null) {
            throw Problem.notFound("player", userId).asException();
        }
        return Reply.ok(player);
    }
}

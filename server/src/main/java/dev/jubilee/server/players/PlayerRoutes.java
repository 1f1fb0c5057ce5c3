package dev.jubilee.server.players;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.security.Access;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The HTTP face of players. */
public final class PlayerRoutes implements Routes {
    private static final int MAX_LEVEL = 1_000_000;
    private static final int MAX_SEGMENT = 64;
    private static final int MAX_ATTRIBUTES = 100;

    private final Players players;
    private final Database database;

    public PlayerRoutes(Players players, Database database) {
        this.players = players;
        this.database = database;
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
        input.check();
        @Nullable Integer given = level == null ? null : Math.toIntExact(level);
        Player player =
                database.transaction(
                        connection -> players.put(connection, userId, given, segment, attributes));
        players.forget(userId);
        return Reply.ok(player);
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

app_name = "risklog"
urlpatterns: list = []

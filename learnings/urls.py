app_name = "learnings"
urlpatterns: list = []
